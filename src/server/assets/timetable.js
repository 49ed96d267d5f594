// The timetable as an instrument. Everything here can also be done by the plain forms.

import * as booking from "./booking.js";
import * as drag from "./drag.js";
import * as keys from "./keys.js";
import * as now from "./now.js";

booking.listen();
drag.listen();
keys.listen();
now.show();
