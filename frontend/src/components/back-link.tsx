import { IconArrowLeft } from "@tabler/icons-react";
import { createLink } from "@tanstack/react-router";
import type { ComponentProps } from "react";
import styles from "./back-link.module.css";

/** The link above a page's title to where one came from. Not on paper. */
export const BackLink = createLink(({ children, ...link }: ComponentProps<"a">) => (
  <a {...link} className={styles["back"]} data-noprint>
    <IconArrowLeft size={15} aria-hidden /> {children}
  </a>
));
