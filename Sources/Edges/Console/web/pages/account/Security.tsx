// How the person proves who they are: password, authenticator app, recovery codes, known devices.
import { When } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { seed, useQuery } from "../../kit/cache";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { Account, accountPath } from "./account";
import { AccountFrame } from "./AccountFrame";
import { deviceOf } from "./device";
import { PasskeysCard } from "./PasskeysCard";
import { PasswordCard } from "./PasswordCard";
import { SecondFactorCard } from "./SecondFactorCard";
import { ZeroKnowledgeCard } from "./ZeroKnowledgeCard";

export function Security(): JSX.Element {
  const account = useQuery<Account>(accountPath);
  return (
    <AccountFrame current="/profile/security" title="Security">
      <div className="settings">
        <Wait query={account} what="Your security settings" rows={6}>
          {(data) => (
            <div className="stack stack-6">
              {!data.zeroKnowledge.registered && <PasswordCard account={data} />}
              {(data.zeroKnowledge.offered || data.zeroKnowledge.registered) && <ZeroKnowledgeCard account={data} />}
              <SecondFactorCard account={data} />
              <PasskeysCard account={data} />
              {data.devices.length > 0 && <DevicesCard account={data} />}
            </div>
          )}
        </Wait>
      </div>
    </AccountFrame>
  );
}

function DevicesCard({ account }: { account: Account }): JSX.Element {
  async function forget(id: string, name: string): Promise<void> {
    try {
      await remove(`/api/security/devices/${id}`);
      seed<Account>(accountPath, (before) => ({ ...before, devices: before.devices.filter((device) => device.id !== id) }));
      toast({ title: `${name} is forgotten`, text: "It counts as unknown when someone guesses passwords from it." });
    } catch (error) {
      toast({ mark: "critical", title: "Device not forgotten", text: asProblem(error).sentence });
    }
  }
  return (
    <section className="card" aria-labelledby="devices-head">
      <div className="card-head"><div><h2 id="devices-head">Known devices</h2><p className="sub">Guesses from elsewhere can never lock these out.</p></div></div>
      <ul className="list">
        {account.devices.map((device) => {
          const name = deviceOf(device.userAgent);
          return (
            <li key={device.id}>
              <span className="kind"><Icon name={device.current ? "check" : "lock"} /></span>
              <div className="grow"><div className="row-wrap"><span className="name">{name}</span>{device.current && <span className="badge" data-tone="ok">This device</span>}</div><div className="sub">Seen <When at={device.lastSeenAt} /></div></div>
              {!device.current && <Button small tone="danger" label="Forget" aria-label={`Forget ${name}`} onClick={() => void forget(device.id, name)} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
