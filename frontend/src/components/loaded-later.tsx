import { type ComponentType, type ReactNode, useEffect, useState } from "react";

const AGAIN_MS = 5_000;

/** A component whose code comes when it is first shown. */
export interface Code<P extends object> {
  readonly load: () => Promise<ComponentType<P>>;
  loaded: ComponentType<P> | null;
}

export function code<P extends object>(load: () => Promise<ComponentType<P>>): Code<P> {
  return { load, loaded: null };
}

interface Props<P extends object> {
  of: Code<P>;
  props: P;
  /** What stands there until then. */
  place?: ReactNode;
}

export function LoadedLater<P extends object>({ of, props, place = null }: Props<P>) {
  const Found = useCode(of);
  return Found === null ? place : <Found {...props} />;
}

/** A dialog whose code comes later. It is there closed first, because only then it returns the focus when it closes. */
export function DialogLater<P extends { opened: boolean }>({ of, props }: { of: Code<P>; props: P }) {
  const Found = useCode(of);
  const [there, setThere] = useState(false);
  useEffect(() => {
    if (Found !== null) setThere(true);
  }, [Found]);
  return Found === null ? null : <Found {...props} opened={props.opened && there} />;
}

/** Code that does not come (the server cannot be reached) is asked for again: the page is of use without it. */
function useCode<P extends object>(of: Code<P>): ComponentType<P> | null {
  const [found, setFound] = useState<ComponentType<P> | null>(() => of.loaded);
  useEffect(() => {
    if (of.loaded !== null) return;
    let on = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = () =>
      of.load().then(
        (component) => {
          of.loaded = component;
          if (on) setFound(() => component);
        },
        () => {
          if (on) timer = setTimeout(ask, AGAIN_MS);
        },
      );
    void ask();
    return () => {
      on = false;
      clearTimeout(timer);
    };
  }, [of]);
  return found;
}
