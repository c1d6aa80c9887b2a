import { ReactNode } from "react";
import { useAfter } from "../../kit/after";
import { Icon } from "../../kit/Icon";
import { Failed } from "../../kit/states";
import { LinkCheck } from "./useLinkCheck";

interface LinkStatesProps<T> {
  check: LinkCheck<T>;
  again: () => void;
  /** What to say and offer when the link is worth nothing. */
  dead: (slug: string) => { title: string; text: string; actions: ReactNode };
  children: (data: T) => ReactNode;
}

/** A page that begins with a mailed link: looking, no answer, dead, or good. */
export function LinkStates<T>({ check, again, dead, children }: LinkStatesProps<T>): JSX.Element {
  const isSlow = useAfter(150, check.kind === "asking");
  switch (check.kind) {
    case "asking": return <p className="muted" role="status">{isSlow ? "Looking at the link…" : ""}</p>;
    case "failed": return <Failed title="The link could not be looked at" problem={check.problem} retry={again} />;
    case "good": return <>{children(check.data)}</>;
    case "refused": {
      const { title, text, actions } = dead(check.problem.slug);
      return (
        <>
          <span className="kind kind-large"><Icon name="link" /></span>
          <div className="stack stack-2"><h1>{title}</h1><p className="muted">{text}</p></div>
          <div className="row-wrap">{actions}</div>
        </>
      );
    }
  }
}
