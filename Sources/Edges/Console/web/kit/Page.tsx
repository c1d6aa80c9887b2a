import { ReactNode } from "react";

/** The page inside the frame. Its title takes the focus when the person comes from another page. */
export function Page({ title, count, sub, aside, actions, narrow, keep, children }: {
  title: string; count?: ReactNode; sub?: ReactNode; aside?: ReactNode; actions?: ReactNode; narrow?: boolean; keep?: boolean; children: ReactNode;
}): JSX.Element {
  return (
    <main className={narrow ? "page page-narrow" : "page"} id="main" tabIndex={-1}>
      <header className={keep ? "page-head keep" : "page-head"}>
        <div className="grow">
          <h1 className="page-title" tabIndex={-1}>{title}{count !== undefined && <> <span className="num">{count}</span></>}</h1>
          {sub}
        </div>
        {aside}
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
    </main>
  );
}
