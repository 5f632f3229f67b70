/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Program entry: global options, the table of commands. The only folder that prints or exits. */
#include <config.h>

#include <stdio.h>

int main(void)
{
	fprintf(stderr, "sandlock-oci: please specify a command\n");
	return 1;
}
