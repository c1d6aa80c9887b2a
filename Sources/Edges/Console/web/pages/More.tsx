import { Icon, IconName } from "../kit/Icon";
import { Link, useTitle } from "../kit/router";
import { logOut, useMe } from "../session/session";
import { Button } from "../kit/Button";
import { organisationPages, watchingPages } from "../shell/destinations";
import { Page } from "../shell/Shell";

/** On a phone: everything that has no place in the bar at the foot. */
export function More(): JSX.Element {
  useTitle("More");
  const me = useMe();
  const own: { to: string; label: string; icon: IconName }[] = [
    { to: "/profile", label: "Profile and sessions", icon: "users" }, { to: "/profile/security", label: "Password and second factor", icon: "lock" },
  ];
  return (
    <Page title="More" narrow>
      <nav className="stack stack-3 settings" aria-label="More pages">
        {[watchingPages.slice(4), organisationPages(me), own].filter((group) => group.length > 0).map((group) => (
          <div className="card picker" key={group[0]?.to}>
            {group.map((item) => <Link key={item.to} to={item.to} className="more-link"><Icon name={item.icon} /><span className="grow">{item.label}</span><Icon name="right" /></Link>)}
          </div>
        ))}
        <div><Button icon="ext" label="Log out" onClick={() => void logOut()} /></div>
      </nav>
    </Page>
  );
}
