import { useVirtualizer } from "@tanstack/react-virtual";
import { Fragment, type ReactNode, useEffect, useRef } from "react";
import styles from "./result.module.css";
import { ScrollBox } from "./scroll-box";

/** Up to this many lines all are drawn, so that the browser's own search finds them. */
const ALL_DRAWN = 400;
const LINE_HEIGHT = 21;
/** So much beyond the box is drawn, in lines of the text. */
const BEYOND = 20;

interface Props {
  label: string;
  prose?: boolean;
  count: number;
  /** How many lines of the text the line with this number is, about; else one. */
  height?: (index: number) => number;
  line: (index: number) => ReactNode;
  /** The line that is brought into sight when it changes. */
  target?: number | null;
}

/** Lines of text, of which the ones in sight are drawn when there are many. They may be of any height. */
export function LongText(props: Props) {
  return props.count <= ALL_DRAWN ? <AllLines {...props} /> : <LinesInSight {...props} />;
}

function AllLines({ label, prose = false, count, line, target = null }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const found = target === null ? null : box.current?.querySelector<HTMLElement>(`[data-line="${target}"]`);
    if (box.current && found) box.current.scrollTop = found.offsetTop - box.current.clientHeight / 2;
  }, [target]);
  return (
    <ScrollBox label={label} prose={prose} box={box}>
      {Array.from({ length: count }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity but their number
        <Fragment key={index}>
          <span data-line={index}>{line(index)}</span>
          {index < count - 1 && "\n"}
        </Fragment>
      ))}
    </ScrollBox>
  );
}

const one = () => 1;

function LinesInSight({ label, prose = false, count, height = one, line, target = null }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => box.current,
    estimateSize: (index) => LINE_HEIGHT * height(index),
    overscan: Math.ceil(BEYOND / height(0)),
  });
  useEffect(() => {
    if (target !== null) virtual.scrollToIndex(target, { align: "center" });
  }, [virtual, target]);
  return (
    <ScrollBox label={label} prose={prose} box={box}>
      <span className={styles["all"]} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => (
          <span
            key={key}
            className={styles["line"]}
            data-index={index}
            data-line={index}
            ref={virtual.measureElement}
            style={{ transform: `translateY(${start}px)` }}
          >
            {line(index)}
          </span>
        ))}
      </span>
    </ScrollBox>
  );
}
