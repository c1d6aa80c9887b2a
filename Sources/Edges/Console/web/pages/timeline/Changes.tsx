import { When } from "../../kit/Age";
import { Icon } from "../../kit/Icon";
import { List } from "../../kit/list";
import { Link } from "../../kit/router";
import { MoreFoot } from "../../kit/Wait";
import { resourcePath } from "../../live/sections";
import { Change, changeIcon, changeWords, sourceWords } from "./change";

interface ChangesProps {
  changes: readonly Change[];
  /** The list they are of, when it may go on. */
  list?: List<Change>;
  /** Of one thing: its name would be the same in every line. */
  ofOne?: boolean;
}

/** What happened, newest first. */
export function Changes({ changes, list, ofOne }: ChangesProps): JSX.Element {
  return (
    <>
      <ul className="list changes">
        {changes.map((change) => (
          <li key={change.id}>
            <span className="kind"><Icon name={changeIcon(change)} /></span>
            <div className="grow">
              <p className="change-words">
                {!ofOne && <><Link className="name" to={resourcePath({ id: change.resourceId, type: change.resourceType })}>{change.resourceName}</Link> </>}
                <span className={ofOne ? "name" : undefined}>{ofOne ? capital(changeWords(change)) : changeWords(change)}</span>
              </p>
              <span className="sub">{sourceWords(change)}</span>
            </div>
            <span className="num faint"><When at={change.observedAt} /></span>
          </li>
        ))}
      </ul>
      {list && (list.more || list.problem) && <MoreFoot shown={`${changes.length} shown`} list={list} />}
    </>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
