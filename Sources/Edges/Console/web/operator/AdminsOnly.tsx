import { ReactNode } from "react";
import { Empty } from "../kit/states";
import { isAdmin, useOperator } from "./session";

/** The operators' own affairs are for operator admins. */
export function AdminsOnly({ what, children }: { what: string; children: ReactNode }): JSX.Element {
  if (isAdmin(useOperator())) return <>{children}</>;
  return <div className="table-wrap"><Empty icon="lock" title={`${what} for operator admins`}>Your account is an operator's. Someone with a shell on this installation can make it an admin's.</Empty></div>;
}
