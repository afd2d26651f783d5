/** A component that is loaded when it is first shown. */

import { type ComponentType, createElement } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as common from "../texts/common";
import { notify } from "./notice";

interface Closable {
  onClose?: () => void;
}

/** A dialog, or something like it, whose code isn't part of the first load. It is closed if it can't be loaded. */
export function lazy<Props extends Closable>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [, setLoaded] = useState(loaded !== null);
    useEffect(() => {
      if (loaded) return;
      let isCurrent = true;
      load().then(
        (component) => {
          loaded = component;
          if (isCurrent) setLoaded(true);
        },
        () => {
          if (!isCurrent) return;
          notify(common.notLoaded, "bad");
          props.onClose?.();
        },
      );
      return () => {
        isCurrent = false;
      };
    }, []);
    return loaded && createElement(loaded, props);
  };
}
