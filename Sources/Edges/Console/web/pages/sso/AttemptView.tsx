import { dateTime } from "../../kit/units";
import { Mark, Status, StatusMark } from "../../kit/Status";
import { Attempt, Claim, Provider, refusal } from "./sso";

/** What a provider said of somebody, claim by claim, and what became of each. */
export function AttemptView({ attempt, provider }: { attempt: Attempt; provider: Provider | undefined }): JSX.Element {
  const told = attempt.told, claims = told?.claims ?? [];
  return (
    <div className="stack">
      <div className="banner" data-tone={attempt.accepted ? "ok" : "warning"} role="status">
        <StatusMark mark={attempt.accepted ? "ok" : "warning"} />
        <div>
          <strong>{attempt.accepted ? attempt.kind === "test" ? "This person would come in." : "Let in." : attempt.kind === "test" ? "This person would be refused." : "Refused."}</strong>
          <p>{attempt.accepted ? attempt.detail : attempt.detail ?? refusal(attempt.reason ?? "")}{attempt.reason && <> <span className="mono">{attempt.reason}</span></>}</p>
        </div>
      </div>
      <dl className="kv">
        <dt>When</dt><dd>{dateTime(new Date(attempt.at))}</dd>
        {told?.subject && <><dt>Subject</dt><dd className="mono wrap-anywhere">{told.subject}</dd></>}
        {told?.email && <><dt>E-mail</dt><dd className="wrap-anywhere">{told.email}</dd></>}
        <dt>Groups</dt><dd className="wrap-anywhere">{told?.groups && told.groups.length > 0 ? told.groups.join(", ") : "None were sent"}</dd>
        <dt>From</dt><dd className="mono">{attempt.address}</dd>
      </dl>
      {claims.length > 0 && (
        <div className="table-wrap" role="region" aria-label="What was said" tabIndex={0}>
          <table className="table table-cards table-auto claims" aria-label="Claims">
            <colgroup><col className="w-short" /><col /><col className="w-result" /></colgroup>
            <thead><tr><th scope="col">Claim</th><th scope="col">Value</th><th scope="col">Result</th></tr></thead>
            <tbody>
              {claims.map((claim) => {
                const result = resultOf(claim, attempt, provider);
                return (
                  <tr key={claim.name}>
                    <td className="c-name c-full"><span className="mono wrap-anywhere">{claim.name}</span></td>
                    <td className="c-full wrap"><span className="mono wrap-anywhere">{claim.values.join(", ") || "empty"}</span></td>
                    <td className="c-full wrap"><Status mark={result.mark}>{result.word}</Status></td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

/** What this claim is used for here, by the provider's settings. */
function resultOf(claim: Claim, attempt: Attempt, provider: Provider | undefined): { mark: Mark; word: string } {
  const settings = provider?.oidc ?? provider?.saml ?? {};
  const isOne = (...names: unknown[]): boolean => names.some((name) => typeof name === "string" && name !== "" && name.toLowerCase() === claim.name.toLowerCase());
  if (isOne("sub", "NameID", settings["usernameAttr"]) || claim.values.length === 1 && claim.values[0] === attempt.told?.subject) return { mark: "ok", word: "Identity of this person" };
  if (isOne(settings["emailClaim"], settings["emailAttr"], "email")) return { mark: "ok", word: "Their address" };
  if (isOne(settings["groupsClaim"], settings["groupsAttr"])) {
    const mapped = Object.keys(provider?.groupRoleMappings ?? {}).map((one) => one.toLowerCase());
    const fitting = claim.values.filter((one) => mapped.includes(one.toLowerCase())).length;
    return fitting > 0 ? { mark: "ok", word: `${fitting} of ${claim.values.length} mapped to a role` } : { mark: "warning", word: "None mapped to a role" };
  }
  if (isOne("name", "preferred_username", "displayName", settings["firstNameAttr"], settings["lastNameAttr"])) return { mark: "ok", word: "Shown as the name" };
  if (isOne("iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "auth_time", "acr", "amr", "sid", "at_hash", "jti")) return { mark: "ok", word: "Checked" };
  return { mark: "info", word: "Not used" };
}
