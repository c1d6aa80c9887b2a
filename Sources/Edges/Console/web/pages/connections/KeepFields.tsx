import { useQuery } from "../../kit/cache";
import { Field, Form, SelectField } from "../../kit/form";
import { may, useMe } from "../../session/session";
import { Site, sitesPath } from "../sites/site";
import { KindInfo } from "./connection";
import { Draft } from "./draft";

/** What it is called, how often it is asked, where it stands. */
export function KeepFields({ form, info }: { form: Form<Draft>; info: KindInfo | undefined }): JSX.Element {
  const me = useMe();
  const sites = useQuery<{ data: Site[] }>(may(me, "read:sites") ? `${sitesPath}?limit=100` : undefined);
  const cadence = info?.cadence;
  return (
    <>
      <Field label="Name" maxLength={64} autoComplete="off" binding={form.field("name")} hint="As people call the cluster." />
      <Field label="Ask every, in seconds" inputMode="numeric" autoComplete="off" binding={form.field("cadenceSeconds")} hint={cadence && `${cadence.leastSeconds} to ${cadence.mostSeconds}; ${cadence.normalSeconds} is usual.`} />
      {info && info.kind !== "availability" && (
        <SelectField label="While nothing happens there" binding={form.field("adaptive")} hint="Back at the usual pace when something starts, stops, moves or is changed.">
          <option value="no">Ask just as often</option>
          <option value="yes">Ask less often, at least every 5 minutes</option>
        </SelectField>
      )}
      {may(me, "read:sites") && (
        <SelectField label="Site" binding={form.field("siteId")}>
          <option value="">None</option>
          {form.values.siteId !== "" && !sites.data && <option value={form.values.siteId}>…</option>}
          {sites.data?.data.map((site) => <option key={site.id} value={site.id}>{site.name}</option>)}
        </SelectField>
      )}
      <Field label="Tags" autoComplete="off" spellCheck={false} binding={form.field("tags")} hint="With commas. May stay empty." />
    </>
  );
}
