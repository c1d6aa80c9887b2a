// The person: name, where they are signed in, and how the console looks and listens.
import { Age } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, Query, seed, useQuery } from "../../kit/cache";
import { Field, FormProblem, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { preferences, Theme, usePreferences } from "../../kit/preferences";
import { asProblem } from "../../kit/problem";
import { Failed, Skeleton } from "../../kit/states";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { rename, useMe } from "../../session/session";
import { EndingOrganisations } from "../organisation/EndingOrganisations";
import { AccountFrame } from "./AccountFrame";
import { deviceOf } from "./device";
import { Incoming, IncomingInvitations, incomingPath } from "./IncomingInvitations";

export function Profile(): JSX.Element {
  // both at once, so that neither pushes the other
  const sessions = useQuery<{ data: SignIn[] }>(sessionsPath), invitations = useQuery<Incoming>(incomingPath);
  const isReady = (sessions.data || sessions.problem) && (invitations.data || invitations.problem);
  return (
    <AccountFrame current="/profile" title="Profile">
      <div className="stack stack-6 settings">
        <NameCard />
        <AppearanceCard />
        <EndingOrganisations />
        <SessionsCard sessions={isReady ? sessions : undefined} />
        {isReady && <IncomingInvitations list={invitations.data?.data ?? []} />}
      </div>
    </AccountFrame>
  );
}

function NameCard(): JSX.Element {
  const me = useMe();
  const before = me.user.displayName ?? "";
  const form = useForm({
    initial: { displayName: before },
    check: ({ displayName }) => ({ displayName: displayName.trim() === "" ? "Type the name your colleagues know." : undefined }),
    submit: async ({ displayName }) => {
      await rename(displayName.trim());
      toast({
        title: "Name saved", text: `Colleagues see “${displayName.trim()}” from now on.`,
        undo: before ? () => { rename(before).then(() => form.set("displayName", before), failed("Name not changed back")); } : undefined,
      });
    },
  });
  return (
    <section className="card" aria-labelledby="name-head">
      <div className="card-head"><h2 id="name-head">Name</h2></div>
      <form className="card-body form" {...form.props}>
        <Field label="Display name" autoComplete="name" maxLength={100} binding={form.field("displayName")} hint="Shown to members of your organisations and in the audit log." />
        <FormProblem problem={form.problem} />
        <div><Button type="submit" tone="primary" label="Save name" busy={form.pending} disabled={form.values.displayName.trim() === before} /></div>
      </form>
    </section>
  );
}

const failed = (title: string) => (error: unknown): void => toast({ mark: "critical", title, text: asProblem(error).sentence });

interface SignIn { id: string; createdAt: string; lastSeenAt?: string; expiresAt: string; userAgent?: string; address?: string; current: boolean }
const sessionsPath = "/api/sessions";

/** `sessions`: undefined while they are on their way. */
function SessionsCard({ sessions }: { sessions: Query<{ data: SignIn[] }> | undefined }): JSX.Element {
  const list = [...sessions?.data?.data ?? []].sort((a, b) => Number(b.current) - Number(a.current) || (b.lastSeenAt ?? b.createdAt).localeCompare(a.lastSeenAt ?? a.createdAt));
  const others = list.filter((one) => !one.current).length;

  async function revoke(one: SignIn): Promise<void> {
    try {
      await remove(`${sessionsPath}/${one.id}`);
      seed<{ data: SignIn[] }>(sessionsPath, ({ data }) => ({ data: data.filter((other) => other.id !== one.id) }));
      toast({ title: `${deviceOf(one.userAgent)} is signed out`, text: "At once, in every tab it had open." });
    } catch (error) {
      failed("Session not ended")(error);
      invalidate(sessionsPath);
    }
  }

  async function revokeOthers(): Promise<void> {
    try {
      const { revoked } = await post<{ revoked: number }>(`${sessionsPath}/revoke-others`);
      toast({ title: revoked === 1 ? "1 other session ended" : `${revoked} other sessions ended`, text: "Only this one is left." });
    } catch (error) {
      failed("Sessions not ended")(error);
    }
    invalidate(sessionsPath);
  }

  return (
    <section className="card" aria-labelledby="sessions-head">
      <div className="card-head">
        <h2 id="sessions-head">Where you are signed in</h2>
        <span className="actions">{others > 0 && <Button small tone="danger" label="End all others" onClick={() => void revokeOthers()} />}</span>
      </div>
      {sessions?.problem && !sessions.data && <Failed title="The sessions could not be loaded" problem={sessions.problem} retry={sessions.reload} />}
      <ul className="list">
        {!sessions?.data && !sessions?.problem && <li className="session-loading"><Skeleton width="60%" /></li>}
        {list.map((one) => (
          <li key={one.id}>
            <span className="kind"><Icon name={one.current ? "check" : "key"} /></span>
            <div className="grow">
              <div className="row-wrap"><span className="name">{deviceOf(one.userAgent)}</span>{one.current && <span className="badge" data-tone="ok">This session</span>}</div>
              <div className="sub">{[one.address, `signed in ${dateTime(new Date(one.createdAt))}`].filter(Boolean).join(" · ")}</div>
            </div>
            <span className="num faint hide-narrow">{one.current ? "now" : <><Age at={Date.parse(one.lastSeenAt ?? one.createdAt)} /> ago</>}</span>
            {!one.current && <Button small tone="danger" label="End" aria-label={`End session: ${deviceOf(one.userAgent)}`} onClick={() => void revoke(one)} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

const themes: { theme: Theme; label: string; hint: string }[] = [
  { theme: "system", label: "System", hint: "Follows this device" },
  { theme: "light", label: "Light", hint: "For bright rooms" },
  { theme: "dark", label: "Dark", hint: "For the night shift" },
];

function AppearanceCard(): JSX.Element {
  const { theme, density, singleKeys } = usePreferences();
  return (
    <section className="card" aria-labelledby="look-head">
      <div className="card-head"><h2 id="look-head">Appearance and keys</h2></div>
      <div className="card-body stack">
        <fieldset className="plain">
          <legend className="label">Theme</legend>
          <div className="cols-3 choices">
            {themes.map((one) => (
              <label key={one.theme} className="choice" data-checked={theme === one.theme ? "" : undefined}>
                <input className="visually-hidden" type="radio" name="theme" checked={theme === one.theme} onChange={() => preferences.set({ theme: one.theme })} />
                <span><strong>{one.label}</strong><span className="sub">{one.hint}</span></span>
              </label>
            ))}
          </div>
        </fieldset>
        <SwitchRow label="Compact rows" hint="More machines on one screen." checked={density === "compact"} onChange={(on) => preferences.set({ density: on ? "compact" : "comfortable" })} />
        <SwitchRow label="Single-key shortcuts" hint="Letters such as / or J act while you are not typing. Ctrl or ⌘ K always works." checked={singleKeys} onChange={(on) => preferences.set({ singleKeys: on })} />
        <p className="hint">Remembered in this browser.</p>
      </div>
    </section>
  );
}

function SwitchRow({ label, hint, checked, onChange }: { label: string; hint: string; checked: boolean; onChange: (on: boolean) => void }): JSX.Element {
  return (
    <div className="row switch-row">
      <div className="grow"><span className="label">{label}</span><p className="sub">{hint}</p></div>
      <button type="button" className="switch" role="switch" aria-checked={checked} aria-label={label} onClick={() => onChange(!checked)} />
    </div>
  );
}
