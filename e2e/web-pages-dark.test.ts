// Every page of the web admin in its dark colours, on a phone and on a wide screen.
import { testPages } from "./support/web-visits.ts";

testPages("dark");
