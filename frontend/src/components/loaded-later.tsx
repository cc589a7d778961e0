import { type ComponentType, type ReactNode, useEffect, useState } from "react";

const AGAIN_MS = 5_000;

/**
 * A component whose code comes when it is first shown. Until then `place` stands there; code that does not come (the
 * server cannot be reached) is asked for again, because the page is of use without it.
 */
export function loadedLater<P extends object>(
  load: () => Promise<ComponentType<P>>,
  place: ReactNode = null,
): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function LoadedLater(props: P) {
    const [found, setFound] = useState<ComponentType<P> | null>(() => loaded);
    useEffect(() => {
      if (found !== null) return;
      let on = true;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const ask = () =>
        load().then(
          (component) => {
            loaded = component;
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
    }, [found]);
    const Found = found;
    return Found === null ? place : <Found {...props} />;
  };
}
