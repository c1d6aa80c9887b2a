import "react";

declare module "react" {
  interface HTMLAttributes<T> {
    /** React 18 does not know it yet; it passes the text on, and the browser takes it. */
    inert?: "" | undefined;
  }
}
