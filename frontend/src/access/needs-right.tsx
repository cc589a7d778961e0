import { IconLock } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Right } from "@/api/model";
import { Notice } from "@/components/notice";
import { useWhyNot } from "./access-context";

/** The content, or why it is not shown. */
export function NeedsRight({ right, title, children }: { right: Right; title: string; children: ReactNode }) {
  const why = useWhyNot(right);
  if (why === null) return children;
  return (
    <Notice isPage icon={IconLock} title={title}>
      <p>{why} An administrator of this server can give you a key with this right.</p>
    </Notice>
  );
}
