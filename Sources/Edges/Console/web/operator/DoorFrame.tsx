import { ReactNode } from "react";
import { Brand } from "../kit/Icon";

/** Before an operator is signed in: a form, and nothing of what lies behind it. */
export function DoorFrame({ children }: { children: ReactNode }): JSX.Element {
  return (
    <main className="operator-door" id="main">
      <div className="card operator-door-card">
        <div>
          <p className="brand"><Brand />Pulse operations</p>
          <p className="sub">For the people who run this installation. Customers sign in elsewhere.</p>
        </div>
        {children}
      </div>
    </main>
  );
}
