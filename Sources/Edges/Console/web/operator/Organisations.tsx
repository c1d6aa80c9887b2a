// Every organisation of the installation. Looking is written down, so a search is sent when it is meant, not letter by letter.
import { FormEvent, useEffect, useState } from "react";
import { Day } from "../kit/Age";
import { Button } from "../kit/Button";
import { Icon } from "../kit/Icon";
import { initials } from "../kit/initials";
import { useList } from "../kit/list";
import { Page } from "../kit/Page";
import { Link, navigate, queryWith, usePlace, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Status, StatusMark } from "../kit/Status";
import { MoreFoot, Wait } from "../kit/Wait";
import { orgsPath, orgState, OrgRow } from "./wire";

const states = ["active", "suspended", "pending_deletion", "provisioning"] as const;

export function Organisations(): JSX.Element {
  useTitle("Organisations");
  const { query } = usePlace();
  const search = query.get("q") ?? "", status = states.find((one) => one === query.get("status"));
  const asked = new URLSearchParams({ ...search ? { q: search } : {}, ...status ? { status } : {} }).toString();
  const list = useList<OrgRow>(`${orgsPath}${asked ? `?${asked}` : ""}`);
  const change = (changes: Record<string, string | undefined>): void => navigate(`/orgs${queryWith(query, changes)}`, { keepScroll: true });
  return (
    <Page title="Organisations" sub={<p className="page-sub">Newest first. What a customer watches is not shown here.</p>}>
      <div className="toolbar">
        <Search value={search} onSearch={(q) => change({ q })} />
        <div className="chips grow" role="group" aria-label="Filter by state">
          <button type="button" className="chip" aria-pressed={!status} onClick={() => change({ status: undefined })}>All</button>
          {states.map((one) => (
            <button key={one} type="button" className="chip" aria-pressed={status === one} onClick={() => change({ status: status === one ? undefined : one })}>
              <StatusMark mark={orgState(one).mark} />{orgState(one).word}
            </button>
          ))}
        </div>
      </div>
      <Wait query={list} what="The organisations" rows={8}>
        {(data) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Nothing search={search} isFiltered={status !== undefined} clear={() => navigate("/orgs", { replace: true })} />
              : <OrgTable rows={data} />}
            {data.length > 0 && <MoreFoot shown={list.more ? `${data.length} shown` : `${data.length} in all`} list={list} />}
          </div>
        )}
      </Wait>
    </Page>
  );
}

function Search({ value, onSearch }: { value: string; onSearch: (search: string) => void }): JSX.Element {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const submit = (event: FormEvent): void => { event.preventDefault(); if (text.trim() !== value) onSearch(text.trim()); };
  return (
    <form className="row operator-search" role="search" onSubmit={submit}>
      <div className="search">
        <Icon name="search" />
        <input className="input" type="search" aria-label="Search organisations" placeholder="Name, short name, id or a member's e-mail" value={text} spellCheck={false} autoComplete="off" maxLength={254} onChange={(event) => setText(event.currentTarget.value)} />
      </div>
      <Button type="submit" label="Search" />
    </form>
  );
}

function Nothing({ search, isFiltered, clear }: { search: string; isFiltered: boolean; clear: () => void }): JSX.Element {
  if (!search && !isFiltered) return <Empty icon="building" title="No organisation yet">The first one appears here when someone has signed up.</Empty>;
  return <Empty icon="search" title={search ? `No organisation matches “${search}”` : "No organisation is in this state"} actions={<Button label="Show all" onClick={clear} />}>An e-mail address has to be whole, and a member's.</Empty>;
}

function OrgTable({ rows }: { rows: readonly OrgRow[] }): JSX.Element {
  return (
    <table className="table table-cards" aria-label="Organisations">
      <colgroup><col /><col className="w-state" /><col className="w-short" /><col className="col-lower w-who" /><col className="col-lower w-when" /></colgroup>
      <thead><tr><th scope="col">Organisation</th><th scope="col">State</th><th scope="col" className="right">Members</th><th scope="col" className="col-lower">Owner</th><th scope="col" className="right col-lower">Since</th></tr></thead>
      <tbody>
        {rows.map((row) => {
          const state = orgState(row.status);
          return (
            <tr key={row.id}>
              <td className="c-name"><div className="cell-name"><span className="avatar avatar-cust" aria-hidden="true">{initials(row.displayName)}</span><div><Link className="name name-link" to={`/orgs/${row.id}`}>{row.displayName}</Link><span className="sub mono">{row.slug}</span></div></div></td>
              <td className="c-status"><Status mark={state.mark}>{state.word}</Status></td>
              <td className="right" data-label="Members"><span className="num">{row.memberCount}</span></td>
              <td className="col-lower" data-label="Owner"><span className="truncate">{row.ownerEmail ?? <span className="faint" title="Nobody owns it now">—</span>}</span></td>
              <td className="right c-drop col-lower"><span className="num muted"><Day at={row.createdAt} /></span></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
