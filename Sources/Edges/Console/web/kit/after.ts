import { useCallback, useEffect, useRef, useState } from "react";

/** Whether something has been true for so long: for states that show late. */
export function useAfter(milliseconds: number, active: boolean): boolean {
  const [passed, setPassed] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  const reset = useCallback(() => setPassed(false), []);
  useEffect(() => {
    if (!active) { reset(); return undefined; }
    timer.current = setTimeout(() => setPassed(true), milliseconds);
    return () => clearTimeout(timer.current);
  }, [active, milliseconds, reset]);
  return passed && active;
}
