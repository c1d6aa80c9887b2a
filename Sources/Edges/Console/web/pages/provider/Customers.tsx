// The provider's view of all its customers: one summary row each, readable only through the grant.
import { useState } from "react";
import { When } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { navigate, queryWith, usePlace, useTitle } from "../../kit/router";
import { Denied, Empty } from "../../kit/states";
import { StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { roleLabel } from "../members/member";
import { Customer, customersPath, Overview, ProviderGrant, providerGrantsPath, Worst, worstMark, worstOf, worstWord } from "./customer";
import { CustomerTable } from "./CustomerTable";
import { Totals } from "./Totals";

/** Roll-ups are kept by the server; this often they are asked for again, milliseconds. */
const refresh = 15_000;

export function Customers(): JSX.Element {
  useTitle("Customers");
  const me = useMe(), mayRead = may(me, "read:providers");
  const overview = useQuery<Overview>(mayRead ? customersPath : undefined, refresh);
  const grants = useQuery<{ data: ProviderGrant[] }>(mayRead ? providerGrantsPath : undefined);
  const offers = (grants.data?.data ?? []).filter((grant) => grant.status === "offered");
  const sub = <p className="page-sub">You see roll-ups. Opening a customer is written into their audit log.</p>;
  if (!mayRead) return <Page title="Customers" sub={sub}><Denied what="customers" need="read:providers" /></Page>;
  const isReady = overview.data && (grants.data || grants.problem);
  return (
    <Page title="Customers" count={overview.data?.totals.customers} sub={sub}>
      <Wait query={{ ...overview, data: isReady ? overview.data : undefined }} what="The customers">
        {(data) => (
          <>
            {offers.length > 0 && <Offers offers={offers} mayManage={may(me, "manage:providers")} />}
            {data.data.length === 0 ? <NoCustomers slug={me.organization?.slug ?? ""} /> : <List overview={data} />}
          </>
        )}
      </Wait>
    </Page>
  );
}

function NoCustomers({ slug }: { slug: string }): JSX.Element {
  return (
    <div className="table-wrap">
      <Empty icon="building" title="You look after nobody yet" note={<>Your short name is <span className="mono">{slug}</span></>}>
        A customer lets you in: in their settings, under Providers, with your short name, a role and an end. The offer then appears here.
      </Empty>
    </div>
  );
}

const chips: readonly Worst[] = ["offline", "warning", "unknown", "ok"];

function List({ overview }: { overview: Overview }): JSX.Element {
  const { query } = usePlace();
  const wanted = query.get("status"), search = query.get("q") ?? "";
  const status = chips.find((chip) => chip === wanted);
  const change = (changes: Record<string, string | undefined>): void => navigate(location.pathname + queryWith(query, changes), { replace: true, keepScroll: true });
  const count = (worst: Worst): number => overview.data.filter((customer) => worstOf(customer) === worst).length;
  const shown = overview.data.filter((customer) => (!status || worstOf(customer) === status) && customer.displayName.toLowerCase().includes(search.toLowerCase()));
  return (
    <>
      <Totals overview={overview} />
      <div className="toolbar">
        <div className="search" role="search">
          <Icon name="search" />
          <input className="input" type="search" placeholder="Customer" aria-label="Search customers" value={search} spellCheck={false} autoComplete="off" onChange={(event) => change({ q: event.currentTarget.value })} />
        </div>
        <div className="chips grow" role="group" aria-label="Filter by what is worst now">
          <button type="button" className="chip" aria-pressed={!status} onClick={() => change({ status: undefined })}>All <span className="num">{overview.data.length}</span></button>
          {chips.map((chip) => (
            <button key={chip} type="button" className="chip" aria-pressed={status === chip} onClick={() => change({ status: status === chip ? undefined : chip })}>
              <StatusMark mark={worstMark[chip]} />{worstWord[chip]} <span className="num">{count(chip)}</span>
            </button>
          ))}
        </div>
      </div>
      <div className="table-wrap">
        {shown.length === 0
          ? <Empty icon="search" title="No customer matches" actions={<Button label="Show all" onClick={() => change({ q: undefined, status: undefined })} />}>{`There are ${overview.data.length} in all.`}</Empty>
          : <CustomerTable customers={shown} />}
      </div>
    </>
  );
}

/** Who wants to be looked after: nothing of theirs is seen before it is accepted. */
function Offers({ offers, mayManage }: { offers: readonly ProviderGrant[]; mayManage: boolean }): JSX.Element {
  const [declining, setDeclining] = useState<ProviderGrant>();
  const [busy, setBusy] = useState<string>();
  const again = (): void => { invalidate(providerGrantsPath); invalidate(customersPath); };
  async function accept(grant: ProviderGrant): Promise<void> {
    setBusy(grant.id);
    try {
      await post(`${providerGrantsPath}/${grant.id}/accept`);
      toast({ title: `${grant.customer.displayName} is your customer`, text: `You act there as ${roleLabel(grant.role)}.` });
    } catch (error) {
      toast({ mark: "critical", title: "Not accepted", text: asProblem(error).sentence });
    } finally {
      setBusy(undefined);
      again();
    }
  }
  return (
    <section className="card offers" aria-labelledby="offers-head">
      <div className="card-head"><h2 id="offers-head">Want to be looked after</h2></div>
      <ul className="list">
        {offers.map((grant) => (
          <li key={grant.id} className="offer">
            <div className="grow"><span className="name">{grant.customer.displayName}</span><p className="sub">As {roleLabel(grant.role)}, until {dateTime(new Date(grant.expiresAt))}. Offered <When at={grant.createdAt} />.</p></div>
            {mayManage && <><Button small label="Decline" onClick={() => setDeclining(grant)} /><Button small tone="primary" label="Accept" busy={busy === grant.id} onClick={() => void accept(grant)} /></>}
          </li>
        ))}
      </ul>
      {declining && (
        <ConfirmDialog
          title={`Decline ${declining.customer.displayName}?`} action="Decline" danger onClose={() => setDeclining(undefined)}
          onConfirm={async () => { await remove(`${providerGrantsPath}/${declining.id}`); again(); }}
        ><p>They are told. They can offer it again.</p></ConfirmDialog>
      )}
    </section>
  );
}

export type { Customer };
