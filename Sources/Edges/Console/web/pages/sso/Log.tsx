// The last sign-ins that were tried by a provider, and what came of each.
import { useState } from "react";
import { When } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Empty } from "../../kit/states";
import { Status } from "../../kit/Status";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { AttemptView } from "./AttemptView";
import { Attempt, attemptsPath, Provider, providersPath } from "./sso";
import { SsoFrame } from "./SsoFrame";

const kinds: Record<Attempt["kind"], string> = { login: "Sign-in", link: "Linking", "step-up": "Confirming", test: "Test" };

export function Log(): JSX.Element {
  const me = useMe(), mayRead = may(me, "read:security");
  const attempts = useQuery<{ data: Attempt[] }>(mayRead ? attemptsPath : undefined, 10_000);
  const providers = useQuery<{ data: Provider[] }>(mayRead ? providersPath : undefined);
  const [open, setOpen] = useState<Attempt>();
  const of = (id: string): Provider | undefined => providers.data?.data.find((one) => one.id === id);
  return (
    <SsoFrame current="/sso/log">
      <Wait query={attempts} what="The log">
        {({ data }) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="list" title="Nobody has tried yet">The last 100 sign-ins by a provider stand here, with the reason of each that was refused.</Empty>
              : (
                <table className="table table-cards" aria-label="Sign-ins that were tried">
                  <colgroup><col /><col className="w-when" /><col className="col-lower w-role" /><col className="w-scopes" /><col className="w-act" /></colgroup>
                  <thead><tr><th scope="col">Who</th><th scope="col">When</th><th scope="col" className="col-lower">By</th><th scope="col">Outcome</th><th scope="col"><span className="visually-hidden">More</span></th></tr></thead>
                  <tbody>
                    {data.map((one) => (
                      <tr key={one.id}>
                        <td className="c-name"><div className="cell-name"><div><span className="name">{one.told?.email || one.told?.subject || "Nobody could be made out"}</span><span className="sub">{kinds[one.kind]} from <span className="mono">{one.address}</span></span></div></div></td>
                        <td data-label="When"><span className="num muted"><When at={one.at} /></span></td>
                        <td className="col-lower" data-label="By">{of(one.providerId)?.displayName || one.providerId}</td>
                        <td className="c-full" data-label="Outcome"><Status mark={one.accepted ? "ok" : "critical"}>{one.accepted ? "Accepted" : <span className="mono">{one.reason}</span>}</Status></td>
                        <td className="right c-buttons"><Button small tone="quiet" label="Details" aria-label={`Details of ${one.told?.email ?? one.id}`} onClick={() => setOpen(one)} /></td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
          </div>
        )}
      </Wait>
      {open && <Dialog title="What was said, and what became of it" onClose={() => setOpen(undefined)} foot={<Button tone="primary" label="Close" onClick={() => setOpen(undefined)} />}><AttemptView attempt={open} provider={of(open.providerId)} /></Dialog>}
    </SsoFrame>
  );
}
