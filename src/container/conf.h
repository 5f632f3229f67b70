/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's configuration file: lines KEY=VALUE, '#' begins a comment. */
#ifndef SANDLOCK_CONTAINER_CONF_H
#define SANDLOCK_CONTAINER_CONF_H

struct err;

#define CONF_FILE "/etc/sandlock-oci.conf"

struct conf {
	char *cow;	    /* cow= on, off or auto; NULL: not given */
	char *cow_populate; /* cow.populate= */
	char *cow_dir;	    /* cow.dir= */
};

/* A missing file is an empty one. An unknown key is an error that names file and line. */
int conf_read(const char *path, struct conf *ret, struct err **err);
void conf_done(struct conf *conf);

#endif
