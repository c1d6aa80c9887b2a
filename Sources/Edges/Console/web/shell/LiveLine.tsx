import { useEffect, useRef, useState } from "react";
import { Age } from "../kit/Age";
import { useLiveStatus, useResourceCount, useNewestReading, useOutage } from "../live/live";

/** The only place that says how fresh the whole page is. */
export function LiveLine(): JSX.Element {
  const isLoaded = useResourceCount() !== undefined;
  const newest = useNewestReading();
  const { link } = useLiveStatus();
  const outage = useOutage();
  const wasOut = useRef(false);
  const [back, setBack] = useState(false);
  useEffect(() => {
    if (outage) { wasOut.current = true; setBack(false); return undefined; }
    if (!wasOut.current || link.kind !== "live") return undefined;
    wasOut.current = false;
    setBack(true);
    const timer = setTimeout(() => setBack(false), 6_000);
    return () => clearTimeout(timer);
  }, [outage, link.kind]);
  const word = outage ? (outage.level === "offline" ? "Disconnected" : "Reconnecting") : back ? "Connected again, nothing missed" : isLoaded ? "Live" : "Connecting";
  const state = outage ? (outage.level === "offline" ? "offline" : "reconnecting") : isLoaded ? undefined : "reconnecting";
  return (
    <span className="live" data-state={state}>
      <span className="live-dot" /><span role="status">{word}</span>
      {newest !== undefined && <span key={word} className="num">· <Age at={newest} /></span>}
    </span>
  );
}
