import { memo } from "react";
import { useNow } from "./clock";
import { dateOnly, span, when } from "./units";

/** How old something is, counting. `at` in milliseconds of the server's clock. */
export const Age = memo(function Age({ at }: { at: number | undefined }): JSX.Element {
  const now = useNow();
  return <>{at === undefined ? "—" : span((now - at) / 1000)}</>;
});

/** `12 Mar`; the exact time on hover. */
export function Day({ at }: { at: string }): JSX.Element {
  const date = new Date(at);
  return <time dateTime={at} title={date.toLocaleString()}>{dateOnly(date)}</time>;
}

/** `6 min ago` under a day, `12 Mar 14:47` after; the exact time on hover. */
export const When = memo(function When({ at }: { at: string }): JSX.Element {
  const now = useNow();
  const date = new Date(at);
  return <time dateTime={at} title={date.toLocaleString()}>{when(date, new Date(now))}</time>;
});
