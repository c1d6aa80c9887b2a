import { Icon } from "../../kit/Icon";
import { Link } from "../../kit/router";
import { SsoFrame } from "./SsoFrame";
import { vendors } from "./vendors";

/** Which provider it is: what has to be done differs, and what the fields are called. */
export function NewProvider(): JSX.Element {
  return (
    <SsoFrame current="/sso">
      <section aria-labelledby="vendors-head" className="stack">
        <h2 id="vendors-head">Which provider do your people have?</h2>
        <div className="card picker">
          {vendors.map((one) => (
            <Link key={one.key} to={`/sso/new/${one.key}`} className="more-link"><Icon name="key" /><span className="grow">{one.name}<span className="sub vendor-sub">{one.sub}</span></span><Icon name="right" /></Link>
          ))}
        </div>
      </section>
    </SsoFrame>
  );
}
