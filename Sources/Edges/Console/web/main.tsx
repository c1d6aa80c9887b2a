// The console starts here: who are we, then draw.
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { installSprite } from "./kit/Icon";
import { preferences } from "./kit/preferences";
import { loadSession } from "./session/session";
import "./styles/tokens.css";
import "./styles/app.css";
import "./styles/console.css";

preferences.apply();
installSprite();
void loadSession();
const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
