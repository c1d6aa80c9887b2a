import { Icon, IconName } from "../../kit/Icon";
import { actions, actionWords, Cell, cellOf, CustomRole, matrixRows, resourceWord, RoleDraft } from "./role";

const marks: Record<Cell["grant"], IconName | undefined> = { allow: "check", inherit: "check", limited: "filter", deny: "x", none: undefined };

interface MatrixProps {
  draft: RoleDraft;
  /** As the server has it: what differs is outlined. */
  saved: RoleDraft;
  chain: readonly CustomRole[];
  permissions: readonly string[];
  /** Undefined: for reading only. */
  onPress: ((action: string, resource: string, own: Cell["own"]) => void) | undefined;
}

/** Kinds of things down, actions across. A press goes from nothing to allowed to denied and back. */
export function RoleMatrix({ draft, saved, chain, permissions, onPress }: MatrixProps): JSX.Element {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Permissions">
      <table className="matrix">
        <colgroup><col className="w-matrix" />{actions.map((action) => <col key={action} />)}</colgroup>
        <thead><tr><th scope="col">May</th>{actions.map((action) => <th scope="col" key={action}>{actionWords[action]}</th>)}</tr></thead>
        <tbody>
          {matrixRows(permissions).map((row) => (
            <tr key={row.resource}>
              <th scope="row">{resourceWord(row.resource)}</th>
              {actions.map((action) => (
                <td key={action}>
                  {row.actions.has(action) && (
                    <Grant
                      cell={cellOf(draft, chain, action, row.resource)} isChanged={cellOf(saved, chain, action, row.resource).own !== cellOf(draft, chain, action, row.resource).own}
                      label={`${actionWords[action] ?? action}, ${resourceWord(row.resource)}`} onPress={onPress && ((own) => onPress(action, row.resource, own))}
                    />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Grant({ cell, isChanged, label, onPress }: { cell: Cell; isChanged: boolean; label: string; onPress: ((own: Cell["own"]) => void) | undefined }): JSX.Element {
  const icon = marks[cell.grant], face = icon && <Icon name={icon} />;
  const said = `${label}: ${cell.because}`;
  if (!onPress) return <span className="grant" data-grant={cell.grant} role="img" aria-label={said} title={cell.because}>{face}</span>;
  return (
    <button type="button" className="grant" data-grant={cell.grant} data-changed={isChanged ? "" : undefined} aria-label={said} title={cell.because} onClick={() => onPress(cell.own)}>
      {face}
    </button>
  );
}

export function MatrixKey({ parent }: { parent: string | undefined }): JSX.Element {
  const keys: [Cell["grant"], string][] = [
    ["allow", "allowed here"], ["inherit", parent ? `from ${parent}, or from a wider rule` : "from a wider rule"], ["limited", "only in some places"],
    ["deny", "denied, wins over all"], ["none", "not granted"],
  ];
  return (
    <div className="matrix-key">
      {keys.map(([grant, words]) => {
        const icon = marks[grant];
        return <span key={grant}><span className="grant" data-grant={grant} aria-hidden="true">{icon && <Icon name={icon} />}</span>{words}</span>;
      })}
      <span>blank: does not apply</span>
    </div>
  );
}
