// What is asked, and how well it is answered.
import { useEffect } from "react";
import { useList } from "../../kit/list";
import { Link, navigate, useTitle } from "../../kit/router";
import { Denied, Empty } from "../../kit/states";
import { Icon } from "../../kit/Icon";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { Connection, connectionsPath } from "./connection";
import { ConnectionDrawer } from "./ConnectionDrawer";
import { ConnectionTable } from "./ConnectionTable";

const listPath = `${connectionsPath}?limit=100`;
/** Health moves by itself; milliseconds. */
const refresh = 5_000;

export function Connections({ open }: { open: string | undefined }): JSX.Element {
  useTitle("Connections");
  const me = useMe();
  const mayRead = may(me, "read:connections"), mayManage = may(me, "manage:connections");
  const list = useList<Connection>(mayRead ? listPath : undefined);
  const isFirstPage = (list.data?.length ?? 0) <= 100;
  const { reload } = list;
  useEffect(() => {
    if (!mayRead || !isFirstPage) return undefined;
    const timer = setInterval(() => { if (!document.hidden) reload(); }, refresh);
    return () => clearInterval(timer);
    // the list's functions are new with each painting
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [mayRead, isFirstPage]);
  const sub = <p className="page-sub">What Pulse asks, and how well it is answered. <span className="hide-narrow">Machines with an agent report by themselves.</span></p>;
  if (!mayRead) return <Page title="Connections" sub={sub}><Denied what="connections" need="read:connections" /></Page>;
  const add = mayManage && <Link className="btn btn-primary" to="/connections/new" aria-label="Add connection"><Icon name="plus" /><span className="btn-label">Add connection</span></Link>;
  const actions = <><Link className="btn btn-quiet" to="/connections/gateways"><span className="btn-label">Gateways</span></Link>{add}</>;
  const show = (id: string | undefined): void => navigate(id ? `/connections/${id}` : "/connections", { replace: open !== undefined && id !== undefined, keepScroll: true });
  const walk = (step: 1 | -1): void => {
    const all = list.data ?? [], next = all[all.findIndex((one) => one.id === open) + step];
    if (next) show(next.id);
  };
  return (
    <Page title="Connections" count={list.data?.length || undefined} sub={sub} actions={actions} keep>
      <Wait query={list} what="The connections" rows={3}>
        {(data) => data.length === 0
          ? <div className="table-wrap"><Empty icon="plug" title="Nothing is asked yet" actions={add} note={mayManage ? undefined : "An editor of this organisation can add connections."}>Connect a platform such as Proxmox VE, and its nodes, guests and storages appear here without an agent on each.</Empty></div>
          : <ConnectionTable connections={data} list={list} open={open} onOpen={show} mayManage={mayManage} />}
      </Wait>
      {open && <ConnectionDrawer key={open} id={open} listed={list.data?.find((one) => one.id === open)} mayManage={mayManage} onClose={() => show(undefined)} onWalk={walk} onChanged={list.reload} />}
    </Page>
  );
}
