import { ReactNode } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { useNow } from "../../kit/clock";
import { Icon } from "../../kit/Icon";
import { Meter, thresholds } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { Skeleton } from "../../kit/states";
import { Status, StatusMark, statusMark, statusWord } from "../../kit/Status";
import { clock, countdown } from "../../kit/units";
import { displayName, Resource, seenAt, subtitle } from "../../live/resource";
import { Enrolment, Stage } from "./enrolment";

/** After this long without news the page offers what usually helps. */
const silence = 120;
const passed: Record<Stage, number> = { nothing: 0, expired: 0, fetched: 1, used: 2, measured: 3 };
/** One line in every state: what comes below may grow, nothing may jump. */
const waitWords = "You can leave: the machine appears under Infrastructure.";
const leaveWords: Record<Stage, string> = {
  nothing: waitWords, fetched: waitWords, used: waitWords, measured: "It reports every 10 s from now on.", expired: "A token is good for 24 h and one machine.",
};

export function Waiting({ enrolment }: { enrolment: Enrolment }): JSX.Element {
  const { stage, resource, agent, fetchedAt, usedAt, startedAt } = enrolment;
  // An installation without an install script hands out a command for a program that is there already.
  const hasScript = !enrolment.token || enrolment.token.scriptUrl !== undefined;
  const done = Math.max(passed[stage], hasScript ? 0 : 1);
  const isOver = stage === "measured" || stage === "expired" || !enrolment.token;
  return (
    <section className="card" aria-labelledby="waiting-head">
      <div className="card-head">
        <h2 id="waiting-head">{stage === "measured" ? "Your machine is here" : stage === "expired" ? "This token has expired" : "Waiting for your machine"}</h2>
        {!isOver && <span className="actions live"><span className="live-dot" />listening <Elapsed since={startedAt} /></span>}
      </div>
      <div className="card-body stack">
        <div role="status"><ul className="checks">
          {hasScript && <Check state={stateOf(0, done, isOver)} title="Installer fetched" text={done > 0 ? "By your machine" : "The command downloads it"} when={fetchedAt} />}
          <Check state={stateOf(1, done, isOver)} title="Token used" text={done > 1 ? <>By <span className="name">{agent?.hostname ?? "your machine"}</span></> : "The agent exchanges it for a key of its own"} when={usedAt} />
          <Check state={stateOf(2, done, isOver)} title="First measurement" text={resource ? measuredWords(resource) : "The agent reports every 10 s; this is usually the last wait"} when={resource ? usedAt && resource.lastSeen : undefined} />
        </ul></div>
        <p className="hint">{leaveWords[stage]}</p>
        {stage === "used" && <Arriving name={agent?.hostname ?? "Your machine"} />}
        {resource && <Arrived resource={resource} onAnother={enrolment.renew} />}
        {stage === "expired" && (
          <div className="banner" data-tone="warning"><StatusMark mark="warning" /><div>Nobody can use it any more. Nothing else was changed.</div>
            <div className="actions"><Button small tone="primary" label="Make a new one" onClick={enrolment.renew} /></div>
          </div>
        )}
        {!isOver && <Silence since={Math.max(startedAt, Date.parse(usedAt ?? fetchedAt ?? "") || 0)} stage={stage} />}
      </div>
    </section>
  );
}

type CheckState = "done" | "running" | "later";
const stateOf = (index: number, done: number, isOver: boolean): CheckState => index < done ? "done" : index === done && !isOver ? "running" : "later";

function Check({ state, title, text, when }: { state: CheckState; title: string; text: ReactNode; when: string | undefined }): JSX.Element {
  return (
    <li>
      {state === "done" ? <Icon name="check" className="done" /> : state === "running" ? <span className="spinner" /> : <span className="check-later" />}
      <div className={state === "later" ? "faint" : undefined}>{title}{state === "done" && <span className="visually-hidden">, done</span>}<div className="sub">{text}</div></div>
      <span className="when">{when ? clock(new Date(when), true) : ""}</span>
    </li>
  );
}

function Elapsed({ since }: { since: number }): JSX.Element {
  useNow();
  return <span className="num">{countdown(Math.floor((Date.now() - since) / 1000))}</span>;
}

function measuredWords(resource: Resource): string {
  const disks = resource.agent?.disks?.length ?? 0, interfaces = resource.agent?.network?.length ?? 0;
  return ["CPU", "memory", disks ? `${disks} ${disks === 1 ? "file system" : "file systems"}` : "", interfaces ? `${interfaces} network ${interfaces === 1 ? "interface" : "interfaces"}` : ""].filter(Boolean).join(", ");
}

function Arriving({ name }: { name: string }): JSX.Element {
  return (
    <div className="table-wrap arriving" aria-hidden="true">
      <div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{name}</span><span className="sub">Enrolled</span></div></div>
      <Skeleton width="100%" /><Skeleton width="100%" />
    </div>
  );
}

function Arrived({ resource, onAnother }: { resource: Resource; onAnother: () => void }): JSX.Element {
  const { metrics } = resource;
  return (
    <>
      <div className="table-wrap arriving">
        <div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{displayName(resource)}</span><span className="sub">{subtitle(resource)} · <Age at={seenAt(resource)} /></span></div></div>
        <Status mark={statusMark(resource.status)}>{statusWord(resource.status)}</Status>
        <Meter value={metrics?.cpu?.percent} threshold={thresholds.cpu} /><Meter value={metrics?.memory?.percent} threshold={thresholds.memory} />
      </div>
      <div className="row-wrap">
        <Link className="btn btn-primary" to="/infrastructure"><span className="btn-label">Open the live view</span></Link>
        <Button label="Add another" onClick={onAnother} />
      </div>
    </>
  );
}

/** Two minutes without news: the three things that are usually wrong, in the order to look. */
function Silence({ since, stage }: { since: number; stage: Stage }): JSX.Element | null {
  useNow();
  if ((Date.now() - since) / 1000 < silence) return null;
  return (
    <div className="banner" data-tone="warning">
      <StatusMark mark="warning" />
      <div>
        <strong>Nothing for two minutes.</strong>
        <ul className="bullets muted">
          {stage === "nothing" && <li>Did the command run as root, on a machine that reaches this address over HTTPS?</li>}
          {stage === "fetched" && <li>Did the script end with an error? It prints the reason in its last line.</li>}
          {stage === "used" && <li>Is the agent running? <span className="mono">systemctl status pulse-agent</span></li>}
          <li>Is the machine's clock right? <span className="mono">timedatectl</span></li>
          <li>What does the agent say? <span className="mono">journalctl -u pulse-agent -n 20</span></li>
        </ul>
      </div>
    </div>
  );
}
