import { useNow } from "../kit/clock";
import { Until } from "../kit/states";
import { clock, span } from "../kit/units";
import { reconnectNow, resources, useOutage } from "../live/live";

/** After 15 s without the server: when it was lost, how old the page is, when we try again. */
export function Ribbon(): JSX.Element | null {
  const outage = useOutage();
  if (outage?.level !== "offline" || !resources.loaded) return null;
  return (
    <div className="ribbon-place"><div className="ribbon" role="status">
      <span className="live" data-state="reconnecting"><span className="live-dot" /></span>
      <span>
        Connection lost at <span className="num">{clock(new Date(outage.since), true)}</span>. What you see is <Old since={outage.since} /> old.{" "}
        {outage.nextTry === undefined ? "Trying now." : <>Next try in <Until at={outage.nextTry} />.</>}
      </span>
      <button type="button" className="link" onClick={reconnectNow}>Try now</button>
    </div></div>
  );
}

function Old({ since }: { since: number }): JSX.Element {
  useNow();
  return <span className="num">{span((Date.now() - since) / 1000)}</span>;
}
