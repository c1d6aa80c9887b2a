import { Link, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Page } from "../shell/Shell";

export function NotFound({ path }: { path: string }): JSX.Element {
  useTitle("Not found");
  return (
    <Page title="Not found">
      <div className="table-wrap">
        <Empty icon="search" title="There is no such page" actions={<Link className="btn btn-primary" to="/infrastructure">Open infrastructure</Link>}>
          <span className="mono">{path}</span> leads nowhere. The address may be mistyped, or the page was moved.
        </Empty>
      </div>
    </Page>
  );
}
