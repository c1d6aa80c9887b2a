import { useState } from "react";
import { Day } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Icon } from "../../kit/Icon";
import { List, useList } from "../../kit/list";
import { MenuButton, MenuItem } from "../../kit/Menu";
import { useTitle } from "../../kit/router";
import { Denied, Empty } from "../../kit/states";
import { toast } from "../../kit/Toast";
import { MoreFoot, Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { Site, sitesPath } from "./site";
import { SiteDialog } from "./SiteDialog";

export function Sites(): JSX.Element {
  useTitle("Sites");
  const me = useMe();
  const mayRead = may(me, "read:sites"), mayManage = may(me, "manage:sites");
  const sites = useList<Site>(mayRead ? sitesPath : undefined);
  const [making, setMaking] = useState(false);
  const sub = <p className="page-sub">Where machines stand. Roles can be limited to a site, and an enrolment token can place its machines in one.</p>;
  if (!mayRead) return <Page title="Sites" sub={sub}><Denied what="sites" need="read:sites" /></Page>;
  return (
    <Page title="Sites" sub={sub} actions={mayManage && <Button tone="primary" icon="plus" label="New site" onClick={() => setMaking(true)} />}>
      <Wait query={sites} what="The sites" rows={3}>
        {(data) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="grid" title="No sites yet" actions={mayManage && <Button label="New site" onClick={() => setMaking(true)} />}>One place needs none. Make them when different people look after different places.</Empty>
              : <SiteTable sites={data} list={sites} mayManage={mayManage} />}
          </div>
        )}
      </Wait>
      {making && <SiteDialog site={undefined} onClose={() => setMaking(false)} />}
    </Page>
  );
}

function SiteTable({ sites, list, mayManage }: { sites: readonly Site[]; list: List<Site>; mayManage: boolean }): JSX.Element {
  return (
    <>
      <table className="table table-cards" aria-label="Sites">
        <colgroup><col /><col className="w-scopes" /><col className="w-short" /><col className="col-lower w-when" /><col className="w-menu" /></colgroup>
        <thead><tr><th scope="col">Name</th><th scope="col">Tags</th><th scope="col" className="right">Machines</th><th scope="col" className="right col-lower">Since</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {sites.map((site) => (
            <tr key={site.id}>
              <td className="c-name"><div className="cell-name"><span className="kind"><Icon name="grid" /></span><div><span className="name">{site.name}</span>{site.description && <span className="sub">{site.description}</span>}</div></div></td>
              <td data-label="Tags">{site.tags.length === 0 ? <span className="faint">None</span> : <span className="tag-row">{site.tags.map((tag) => <span key={tag} className="badge">{tag}</span>)}</span>}</td>
              <td className="right" data-label="Machines"><span className="num">{site.agentCount ?? "—"}</span></td>
              <td className="right c-drop col-lower"><span className="num muted"><Day at={site.createdAt} /></span></td>
              <td className="right c-menu">{mayManage && <SiteMenu site={site} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {list.more && <MoreFoot shown={`${sites.length} sites`} list={list} />}
    </>
  );
}

function SiteMenu({ site }: { site: Site }): JSX.Element {
  const [open, setOpen] = useState<"edit" | "delete">();
  const machines = site.agentCount === 1 ? "Its machine stays and is" : site.agentCount ? `Its ${site.agentCount} machines stay and are` : "Its machines stay and are";
  async function destroy(): Promise<void> {
    await remove(`${sitesPath}/${site.id}`);
    invalidate(sitesPath);
    toast({ title: `${site.name} deleted`, text: "Roles that were limited to it reach nothing there any more." });
  }
  return (
    <>
      <MenuButton className="btn btn-icon btn-quiet btn-sm" label={`Actions for ${site.name}`} face={<Icon name="more" />} end>
        {(close) => (
          <>
            <MenuItem onSelect={() => { close(); setOpen("edit"); }}><Icon name="sliders" />Change</MenuItem>
            <MenuItem onSelect={() => { close(); setOpen("delete"); }}><Icon name="x" />Delete</MenuItem>
          </>
        )}
      </MenuButton>
      {open === "edit" && <SiteDialog site={site} onClose={() => setOpen(undefined)} />}
      {open === "delete" && (
        <ConfirmDialog title={`Delete ${site.name}?`} action="Delete site" keep="Keep it" danger onConfirm={destroy} onClose={() => setOpen(undefined)}>
          <p>{machines} in no site afterwards. Nothing stops being watched.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
