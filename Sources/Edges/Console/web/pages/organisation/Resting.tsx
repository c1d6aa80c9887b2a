import { Link, useTitle } from "../../kit/router";
import { Empty } from "../../kit/states";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";

/** In the place of every page of an organisation that is not watched now; the banner above says why. */
export function Resting(): JSX.Element {
  useTitle("Not watched");
  const me = useMe();
  const isEnding = me.organization?.status === "pending_deletion";
  return (
    <Page title={me.organization?.displayName ?? "Organisation"}>
      <div className="table-wrap">
        <Empty
          icon="clock" title="Nothing is watched now"
          actions={may(me, "read:org") && <Link className="btn btn-primary" to="/settings">{isEnding ? "Restore or take everything out" : "Open settings"}</Link>}
        >
          {isEnding ? "What was recorded is still here, and an owner can bring everything back." : "What was recorded is still here. Watching goes on when the organisation does."}
        </Empty>
      </div>
    </Page>
  );
}
