import { useRef } from "react";
import { CopyButton } from "../../kit/CopyButton";
import { Icon } from "../../kit/Icon";
import { APIProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { StatusMark } from "../../kit/Status";
import { dateOnly } from "../../kit/units";
import { advice, Certificate, foundWords, Kind, kindTitle, partWords, reasonWords, TestResult } from "./connection";

export type TestState = { stage: "idle" } | { stage: "testing" } | { stage: "done"; result: TestResult } | { stage: "failed"; problem: APIProblem };

/** What a try came to, line by line; announced when it changes. */
export function TestCard({ kind, test }: { kind: Kind; test: TestState }): JSX.Element {
  return (
    <section className="card" aria-live="polite" aria-busy={test.stage === "testing"}>
      <div className="card-head"><h2>Test</h2><span className="actions"><Badge test={test} /></span></div>
      <div className="card-body">
        {test.stage === "idle" && <p className="muted">Not tried yet. A test asks for the version and a list, and stores nothing.</p>}
        {test.stage === "testing" && <p className="muted">Asking {kindTitle(kind)}. This takes up to 15 s.</p>}
        {test.stage === "failed" && <p>{test.problem.sentence}</p>}
        {test.stage === "done" && <Checks kind={kind} result={test.result} />}
      </div>
    </section>
  );
}

function Badge({ test }: { test: TestState }): JSX.Element | null {
  if (test.stage !== "done") return null;
  if (!test.result.ok) return test.result.certificate ? <span className="badge" data-tone="warning">1 thing to decide</span> : <span className="badge" data-tone="critical">Does not work yet</span>;
  return test.result.degraded.length > 0 ? <span className="badge" data-tone="info">Works, {test.result.degraded.length} missing</span> : <span className="badge" data-tone="ok">Works</span>;
}

function Checks({ kind, result }: { kind: Kind; result: TestResult }): JSX.Element {
  const done = <Icon name="check" className="done" />;
  if (!result.ok && result.certificate) return <ul className="checks"><CertificateLine certificate={result.certificate} hasChanged={result.reason === "certificate-changed"} /></ul>;
  if (!result.ok) {
    return <ul className="checks"><li><StatusMark mark="critical" /><div><strong>{reasonWords(result.reason)}</strong><div className="sub">{result.detail} {advice(result.reason)}</div></div><span /></li></ul>;
  }
  return (
    <ul className="checks">
      <li>{done}<div>It answers, and takes the credentials<div className="sub">{kindTitle(kind)} {result.version}{result.instanceName && `, calls itself ${result.instanceName}`}</div></div><span className="when">{result.latencyMs} ms</span></li>
      <li>{done}<div>What would be watched<div className="sub">{foundWords(result.discovered) || "Nothing is there yet"}</div></div><span /></li>
      {result.degraded.map((one) => <li key={one.part}><StatusMark mark="info" /><div>{partWords(one.part)} cannot be read<div className="sub">{one.detail} All else works.</div></div><span /></li>)}
      {(result.existing ?? []).map((one) => (
        <li key={one.connectionId}><StatusMark mark="warning" /><div><strong>{one.why === "same-address" ? "This address is asked already" : "A platform of this name is asked already"}</strong>
          <div className="sub">By <Link to={`/connections/${one.connectionId}`}>{one.name}</Link>. One connection a cluster is enough; a second one finds the same machines.</div></div><span /></li>
      ))}
    </ul>
  );
}

function CertificateLine({ certificate, hasChanged }: { certificate: Certificate; hasChanged: boolean }): JSX.Element {
  const shown = useRef<HTMLSpanElement>(null);
  return (
    <li>
      <StatusMark mark="warning" />
      <div className="stack stack-2">
        <strong>{hasChanged ? "It shows another certificate than the trusted one" : "Nobody vouches for its certificate"}</strong>
        <div className="sub">Compare with the machine: System, Certificates, pve-ssl.pem. We will accept this one and no other.</div>
        <div className="copy-field"><span className="mono" ref={shown}>{certificate.fingerprint.split(":").map((pair, index) => <span key={index}>{index > 0 && <>:<wbr /></>}{pair}</span>)}</span><CopyButton text={certificate.fingerprint} source={shown} /></div>
        <div className="sub">SHA-256. {certificate.subject}, issued by {certificate.issuer}, valid to {dateOnly(new Date(certificate.notAfter))}.</div>
      </div>
      <span />
    </li>
  );
}
