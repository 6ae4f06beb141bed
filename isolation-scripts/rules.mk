# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# isolation-scripts/: nothing is built, all is tested.

check-scripts += isolation-scripts/t/isolate.t
