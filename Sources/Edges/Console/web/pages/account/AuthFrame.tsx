import { CSSProperties, ReactNode } from "react";
import { Brand, Icon } from "../../kit/Icon";
import { Link } from "../../kit/router";
import { Status } from "../../kit/Status";

/** Pages before sign-in: a form at the left, what it leads to at the right. */
export function AuthFrame({ children, foot }: { children: ReactNode; foot?: ReactNode }): JSX.Element {
  return (
    <div className="auth">
      <main className="auth-form" id="main">
        <Link className="brand" to="/login" aria-label="Pulse, log in"><Brand />Pulse</Link>
        <div className="body">{children}</div>
        {foot && <p className="muted">{foot}</p>}
      </main>
      <aside className="auth-aside" aria-label="What you will see"><Sample /></aside>
    </div>
  );
}

const machines = [["web-01", "Debian 12", 42, 71], ["db-primary", "Ubuntu 24.04", 64, 81], ["build-07", "Fedora 41", 12, 38], ["edge-gw", "Alpine 3.20", 22, 41]] as const;

function Sample(): JSX.Element {
  return (
    <div className="stack stack-6 auth-sample">
      <div className="table-wrap" aria-hidden="true">
        <table className="table">
          <colgroup><col /><col style={{ width: "7.5rem" }} /><col style={{ width: "7rem" }} /><col style={{ width: "7rem" }} /></colgroup>
          <thead><tr><th>Name</th><th>Status</th><th>CPU</th><th>Memory</th></tr></thead>
          <tbody>
            {machines.map(([name, system, cpu, memory]) => (
              <tr key={name}>
                <td><div className="cell-name"><span className="kind"><Icon name="server" /></span><div><span className="name">{name}</span><span className="sub">{system}</span></div></div></td>
                <td><Status mark="ok">Healthy</Status></td>
                <td><SampleMeter value={cpu} /></td><td><SampleMeter value={memory} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ul className="stack stack-3 muted">
        <li className="row"><Icon name="check" />Watching your first machine in about five minutes</li>
        <li className="row"><Icon name="check" />The agent only reads; it opens no port and needs no inbound rule</li>
        <li className="row"><Icon name="check" />Every number has an age, and a gap is never filled in</li>
      </ul>
    </div>
  );
}

function SampleMeter({ value }: { value: number }): JSX.Element {
  return <div className="meter"><span className="num">{value}<span className="unit">%</span></span><span className="bar" style={{ "--v": value / 100 } as CSSProperties} /></div>;
}
