/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translates device rules. Pure; runs in create. */
#include <config.h>

#include "container/guard_devices.h"

#include <string.h>

#include "base/mem.h"
#include "cgroup/cgroup.h"
#include "handlers/request.h"
#include "libocispec/oci_types.h"

static struct device_rule translate(const struct oci_device_rule *rule)
{
	const char *access = rule->access ? rule->access : "rwm";

	return (struct device_rule){
		.allow = rule->allow,
		.type = rule->type,
		.major = rule->major.set ? rule->major.v : -1,
		.minor = rule->minor.set ? rule->minor.v : -1,
		.read = strchr(access, 'r'),
		.write = strchr(access, 'w'),
		.mknod = strchr(access, 'm'),
	};
}

struct device_rule *guard_device_rules(const struct oci_resources *res, size_t *ret_n)
{
	static const struct oci_resources nothing;
	struct device_rule *rules;
	const struct oci_device_rule *defaults;
	size_t n = 0, n_defaults;

	*ret_n = 0;
	if (!res)
		res = &nothing;
	if (!cgroup_restricts_devices(res))
		return NULL;
	defaults = cgroup_default_device_rules(&n_defaults);
	rules = xcalloc(1 + res->n_devices + n_defaults, sizeof(*rules));
	/* A group begins with nothing allowed; the last rule that matches decides. */
	rules[n++] = translate(&(struct oci_device_rule){.allow = false, .type = 'a'});
	for (size_t i = 0; i < res->n_devices; i++)
		rules[n++] = translate(&res->devices[i]);
	for (size_t i = 0; i < n_defaults; i++)
		rules[n++] = translate(&defaults[i]);
	*ret_n = n;
	return rules;
}
