# Copyright 2026 The Fluvius Authors.
# SPDX-License-Identifier: Apache-2.0
#
# The C of docs/DOMAINS.md as files: each block goes to the file that its first line names, or to that of the block before
# when it names none. awk -v to=DIRECTORY -f guide.awk DOMAINS.md
/^```c$/ { inside = 1; first = 1; next }
/^```$/ { inside = 0; next }
inside && first && /^\/\* [a-z_]+\.c \*\/$/ { file = to "/" $2 }
inside { first = 0; print > file }
