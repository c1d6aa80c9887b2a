import { Icon } from "../kit/Icon";
import { MenuButton, MenuItem } from "../kit/Menu";
import { asProblem } from "../kit/problem";
import { navigate } from "../kit/router";
import { toast } from "../kit/Toast";
import { initials, isWatched, logOut, Organisation, switchOrganisation, useMe } from "../session/session";
import { Overlay } from "./destinations";

/** Where we are, and the way to the person's other organisations. */
export function OrgSwitch({ open }: { open: (overlay: Overlay) => void }): JSX.Element {
  const { organization, organizations } = useMe();
  return (
    <MenuButton className="org-switch" label={organization ? `Organisation: ${organization.displayName}` : "Choose an organisation"} face={<Face organisation={organization} />}>
      {(close) => (
        <>
          {organizations.map((item) => (
            <MenuItem key={item.id} current={item.id === organization?.id} onSelect={() => { close(); void goTo(item, organization); }}>
              <span className="avatar avatar-org avatar-sm" aria-hidden="true">{initials(item.displayName)}</span>
              <span className="grow truncate">{item.displayName}{!isWatched(item) && <span className="faint">{item.status === "pending_deletion" ? ", being deleted" : ", suspended"}</span>}</span>
              {item.id === organization?.id && <Icon name="check" />}
            </MenuItem>
          ))}
          <hr />
          <MenuItem onSelect={() => { close(); open("organisation"); }}><Icon name="plus" />New organisation</MenuItem>
          <MenuItem onSelect={() => { close(); navigate("/profile"); }}><Icon name="sliders" />Profile and sessions</MenuItem>
          <MenuItem onSelect={() => { close(); void logOut(); }}><Icon name="ext" />Log out</MenuItem>
        </>
      )}
    </MenuButton>
  );
}

function Face({ organisation }: { organisation: Organisation | null }): JSX.Element {
  return (
    <>
      <span className="avatar avatar-org" aria-hidden="true">{initials(organisation?.displayName ?? "?")}</span>
      <span className="grow">
        <span className="org-name truncate">{organisation?.displayName ?? "No organisation"}</span>
        <span className="org-plan">{organisation ? roleWord(organisation.role) : "Choose one"}</span>
      </span>
      <Icon name="updown" />
    </>
  );
}

const roleWord = (role: string): string => `You are ${role.charAt(0).toUpperCase()}${role.slice(1)}`;

async function goTo(item: Organisation, from: Organisation | null): Promise<void> {
  if (item.id === from?.id) return;
  if (item.status === "pending_deletion") return navigate("/profile"); // not to be entered; its owner restores it there
  try {
    await switchOrganisation(item.id);
  } catch (error) {
    toast({ mark: "critical", title: `Still in ${from?.displayName ?? "no organisation"}`, text: asProblem(error).sentence });
  }
}
