import { useState } from "react";
import { Day, When } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { useNow } from "../../kit/clock";
import { Icon } from "../../kit/Icon";
import { Denied, Empty } from "../../kit/states";
import { Status } from "../../kit/Status";
import { Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { roleLabel } from "./member";
import { MembersFrame } from "./MembersFrame";
import { isExpired, MintedToken, Token, TokenList, tokensPath } from "./token";
import { MintedDialog, TokenDialog } from "./TokenDialog";
import { TokenMenu } from "./TokenMenu";

export function Tokens(): JSX.Element {
  const me = useMe();
  const mayRead = may(me, "read:tokens"), mayManage = may(me, "manage:tokens");
  const tokens = useQuery<TokenList>(mayRead ? tokensPath : undefined);
  const [making, setMaking] = useState(false);
  const [minted, setMinted] = useState<MintedToken>();
  if (!mayRead) return <MembersFrame current="/members/tokens"><Denied what="API tokens" need="read:tokens" /></MembersFrame>;
  const make = mayManage && <Button tone="primary" icon="plus" label="New token" onClick={() => setMaking(true)} />;
  return (
    <MembersFrame current="/members/tokens" sub="For programs. A token can do no more than its maker, and is shown once." actions={make}>
      <Wait query={tokens} what="The tokens">
        {({ data }) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="key" title="No API tokens" actions={mayManage && <Button label="New token" onClick={() => setMaking(true)} />}>A token lets a script or another system use the API in the name of this organisation.</Empty>
              : <TokenTable tokens={data} onMinted={setMinted} />}
          </div>
        )}
      </Wait>
      {making && tokens.data && <TokenDialog scopes={tokens.data.scopes} token={undefined} onClose={() => setMaking(false)} onMinted={(made) => { setMaking(false); setMinted(made); }} />}
      {minted && <MintedDialog minted={minted} onClose={() => setMinted(undefined)} />}
    </MembersFrame>
  );
}

function TokenTable({ tokens, onMinted }: { tokens: readonly Token[]; onMinted: (minted: MintedToken) => void }): JSX.Element {
  return (
    <table className="table table-cards" aria-label="API tokens">
      <colgroup><col /><col className="w-scopes" /><col className="col-lower w-role" /><col className="w-when" /><col className="col-lower w-when" /><col className="w-menu" /></colgroup>
      <thead>
        <tr>
          <th scope="col">Name</th><th scope="col">May</th><th scope="col" className="col-lower">Acts as</th><th scope="col">Last used</th><th scope="col" className="col-lower">Expires</th>
          <th scope="col"><span className="visually-hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody>{tokens.map((token) => <TokenRow key={token.id} token={token} onMinted={onMinted} />)}</tbody>
    </table>
  );
}

function TokenRow({ token, onMinted }: { token: Token; onMinted: (minted: MintedToken) => void }): JSX.Element {
  const me = useMe(), now = useNow();
  const expired = isExpired(token, now);
  const all = token.scopes.includes("*");
  const more = token.scopes.length - 1;
  return (
    <tr data-stale={expired ? "" : undefined}>
      <td className="c-name">
        <div className="cell-name">
          <span className="kind"><Icon name="key" /></span>
          <div>
            <span className="name">{token.name}</span>
            <span className="sub"><span className="mono">{token.prefix}…</span>{token.allowedAddresses.length > 0 && ` · from ${token.allowedAddresses.length === 1 ? token.allowedAddresses[0] ?? "" : `${token.allowedAddresses.length} ranges`}`}</span>
          </div>
        </div>
      </td>
      <td data-label="May" title={token.scopes.join(", ")}>{all ? "All its maker may" : <><span className="mono">{token.scopes[0]}</span>{more > 0 && <span className="faint"> +{more}</span>}</>}</td>
      <td className="col-lower" data-label="Acts as">{token.kind === "service" ? `Service, ${roleLabel(token.role ?? "")}` : token.ownerUserId === me.user.id ? "You" : "A member"}</td>
      <td data-label="Last used"><span className="num muted" title={token.lastUsedAddress && `From ${token.lastUsedAddress}`}>{token.lastUsedAt ? <When at={token.lastUsedAt} /> : "Never"}</span></td>
      <td className="col-lower" data-label="Expires">
        {expired ? <Status mark="warning">Expired</Status>
          : token.replacedBy ? <Status mark="pending">Replaced</Status>
            : <span className="num muted">{token.expiresAt ? <Day at={token.expiresAt} /> : "Never"}</span>}
      </td>
      <td className="right c-menu"><TokenMenu token={token} onMinted={onMinted} /></td>
    </tr>
  );
}
