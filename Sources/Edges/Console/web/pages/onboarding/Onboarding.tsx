// One command, about a minute: the page waits until the machine is really there.
import { useRef } from "react";
import { CopyButton } from "../../kit/CopyButton";
import { Icon } from "../../kit/Icon";
import { Link, useTitle } from "../../kit/router";
import { Failed, Skeleton } from "../../kit/states";
import { clock, dateTime } from "../../kit/units";
import { resources, useAfter, useResourcesVersion } from "../../live/live";
import { Page } from "../../shell/Shell";
import { may, useMe } from "../../session/session";
import { Enrolment, Token, useEnrolment } from "./enrolment";
import { Waiting } from "./Waiting";

export function Onboarding(): JSX.Element {
  const me = useMe();
  useResourcesVersion();
  const wasEmpty = useRef(resources.size === 0);
  const title = wasEmpty.current ? "Add your first machine" : "Add a machine";
  useTitle(title);
  return (
    <Page
      title={title} narrow sub={<p className="page-sub">One command, about a minute. The agent only reads; it opens no port and needs no inbound rule.</p>}
      actions={<Link className="btn btn-quiet" to="/infrastructure"><span className="btn-label">{wasEmpty.current ? "Skip for now" : "Back to the list"}</span></Link>}
    >
      {may(me, "manage:agents") ? <Enrol orgID={me.organization?.id ?? ""} /> : <NotAllowed role={me.organization?.role ?? ""} />}
    </Page>
  );
}

function NotAllowed({ role }: { role: string }): JSX.Element {
  return (
    <div className="card"><div className="card-body row">
      <span className="kind kind-large"><Icon name="shield" /></span>
      <div className="grow"><h2>Your role cannot add machines</h2><p className="muted">You are {role}. An owner or admin of this organisation can add machines, or give you a role that may.</p></div>
    </div></div>
  );
}

function Enrol({ orgID }: { orgID: string }): JSX.Element {
  const enrolment = useEnrolment(orgID);
  const step = enrolment.stage === "measured" ? 3 : enrolment.stage === "used" ? 2 : 1;
  return (
    <>
      <ol className="steps onboarding-steps">
        {["Organisation", "Run the command", "First measurement"].map((name, index) => (
          <li key={name} data-done={index < step ? "" : undefined} aria-current={index === step ? "step" : undefined}><span>{name}</span></li>
        ))}
      </ol>
      <div className="cols-even">
        <CommandCard enrolment={enrolment} />
        <Waiting enrolment={enrolment} />
      </div>
    </>
  );
}

function CommandCard({ enrolment }: { enrolment: Enrolment }): JSX.Element {
  const { token, problem, renew } = enrolment;
  const showSkeleton = useAfter(150, !token && !problem);
  return (
    <section className="card" aria-labelledby="command-head">
      <div className="card-head"><h2 id="command-head">Run this on the machine</h2></div>
      {problem && !token && <Failed title="No command could be made" problem={problem} retry={renew} />}
      {!problem && (
        <div className="card-body stack stack-3">
          <Command token={token} showSkeleton={showSkeleton} />
          <p className="hint">
            Token for <strong>1 machine</strong>, valid until <span className="num until">{token ? until(token.expiresAt) : "…"}</span>. Shown once;{" "}
            <button type="button" className="link" onClick={renew}>make a new one</button> at any time.
          </p>
          <dl className="kv">
            <dt>Installs</dt><dd><span className="mono">pulse-agent</span>, one binary, as its own user, started by systemd</dd>
            <dt>Sends</dt><dd>CPU, memory, disks, network, temperatures every 10 s</dd>
            <dt>Never sends</dt><dd>Files, process arguments, environment</dd>
          </dl>
        </div>
      )}
      {!problem && (!token || token.scriptSha256) && <div className="card-foot">
        <Icon name="shield" small />SHA-256 <span className="hash hide-narrow" title={token?.scriptSha256}>{token?.scriptSha256 ? shortHash(token.scriptSha256) : "…"}</span>
        {token?.scriptUrl && <a className="push" href={token.scriptUrl} target="_blank" rel="noreferrer">Read the script first</a>}
      </div>}
    </section>
  );
}

function Command({ token, showSkeleton }: { token: Token | undefined; showSkeleton: boolean }): JSX.Element {
  const pre = useRef<HTMLPreElement>(null);
  return (
    <div className="code command">
      <pre ref={pre} tabIndex={0} aria-label="Command">{token ? <Colored text={inLines(token.command)} secret={token.token} /> : showSkeleton ? <Skeleton width="80%" /> : null}</pre>
      {token && <CopyButton className="copy" text={token.command} source={pre} />}
    </div>
  );
}

/** A line for each step, for reading; what is copied stays one line. */
const inLines = (command: string): string => command.replace(/ && /g, " \\\n  && ");

/** The token stands out: it is the part that is secret and differs from machine to machine. */
function Colored({ text, secret }: { text: string; secret: string }): JSX.Element {
  const at = secret ? text.indexOf(secret) : -1;
  if (at < 0) return <>{text}</>;
  return <>{text.slice(0, at)}<span className="var">{secret}</span>{text.slice(at + secret.length)}</>;
}

function until(expiresAt: string): string {
  const at = new Date(expiresAt);
  return at.getTime() - Date.now() < 12 * 3_600_000 ? clock(at) : dateTime(at);
}

const shortHash = (hash: string): string => `${hash.slice(0, 4)} ${hash.slice(4, 8)} ${hash.slice(8, 12)} … ${hash.slice(-4)}`;

