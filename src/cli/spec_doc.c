/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the template configuration. Pure but for the caller's ids. */
#include <config.h>

#include "cli/spec_doc.h"

#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/compiler.h"
#include "libocispec/encode.h"

static void strings(struct encoder *o, const char *key, const char *const *v)
{
	encode_member_array(o, key);
	for (; *v; v++)
		encode_string(o, *v);
	encode_end_array(o);
}
#define STRINGS(o, key, ...) strings(o, key, (const char *const[]){__VA_ARGS__, NULL})

static void capabilities(struct encoder *o)
{
	static const char *const sets[] = {"bounding", "effective", "permitted"};

	encode_member_object(o, "capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		STRINGS(o, sets[i], "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE");
	encode_end_object(o);
}

static void process(struct encoder *o)
{
	encode_member_object(o, "process");
	encode_member_bool(o, "terminal", true);
	encode_member_object(o, "user");
	encode_member_i64(o, "uid", 0);
	encode_member_i64(o, "gid", 0);
	encode_end_object(o);
	STRINGS(o, "args", "sh");
	STRINGS(o, "env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm");
	encode_member_string(o, "cwd", "/");
	capabilities(o);
	encode_member_array(o, "rlimits");
	encode_begin_object(o);
	encode_member_string(o, "type", "RLIMIT_NOFILE");
	encode_member_i64(o, "hard", 1024);
	encode_member_i64(o, "soft", 1024);
	encode_end_object(o);
	encode_end_array(o);
	encode_member_bool(o, "noNewPrivileges", true);
	encode_end_object(o);
}

static void mount(struct encoder *o, const char *dest, const char *type, const char *source,
		  const char *const *options)
{
	encode_begin_object(o);
	encode_member_string(o, "destination", dest);
	encode_member_string(o, "type", type);
	encode_member_string(o, "source", source);
	if (options)
		strings(o, "options", options);
	encode_end_object(o);
}
#define MOUNT(o, dest, type, source, ...)                                                          \
	mount(o, dest, type, source, (const char *const[]){__VA_ARGS__, NULL})

static void mounts(struct encoder *o, bool rootless)
{
	encode_member_array(o, "mounts");
	mount(o, "/proc", "proc", "proc", NULL);
	MOUNT(o, "/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
	if (rootless)
		MOUNT(o, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance",
		      "ptmxmode=0666", "mode=0620");
	else
		MOUNT(o, "/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance",
		      "ptmxmode=0666", "mode=0620", "gid=5");
	MOUNT(o, "/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777",
	      "size=65536k");
	MOUNT(o, "/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
	MOUNT(o, "/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro");
	if (!rootless)
		MOUNT(o, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev",
		      "relatime", "ro");
	encode_end_array(o);
}

static void mapping(struct encoder *o, const char *key, unsigned id)
{
	encode_member_array(o, key);
	encode_begin_object(o);
	encode_member_u64(o, "containerID", 0);
	encode_member_u64(o, "hostID", id);
	encode_member_u64(o, "size", 1);
	encode_end_object(o);
	encode_end_array(o);
}

static void lin(struct encoder *o, bool rootless)
{
	static const char *const types[] = {"pid",   "network", "ipc", "uts",
					    "mount", "cgroup",	"user"};

	encode_member_object(o, "linux");
	if (rootless) {
		mapping(o, "uidMappings", geteuid());
		mapping(o, "gidMappings", getegid());
	} else {
		encode_member_object(o, "resources");
		encode_member_array(o, "devices");
		encode_begin_object(o);
		encode_member_bool(o, "allow", false);
		encode_member_string(o, "access", "rwm");
		encode_end_object(o);
		encode_end_array(o);
		encode_end_object(o);
	}
	encode_member_array(o, "namespaces");
	for (size_t i = 0; i < ARRAY_SIZE(types) - !rootless; i++) {
		encode_begin_object(o);
		encode_member_string(o, "type", types[i]);
		encode_end_object(o);
	}
	encode_end_array(o);
	STRINGS(o, "maskedPaths", "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
		"/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
		"/sys/firmware");
	STRINGS(o, "readonlyPaths", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger");
	encode_end_object(o);
}

void spec_doc_write(struct buf *out, bool rootless)
{
	struct encoder o = {.out = out, .indent = true};

	encode_begin_object(&o);
	encode_member_string(&o, "ociVersion", "1.3.0");
	process(&o);
	encode_member_object(&o, "root");
	encode_member_string(&o, "path", "rootfs");
	encode_member_bool(&o, "readonly", true);
	encode_end_object(&o);
	encode_member_string(&o, "hostname", "sandlock");
	mounts(&o, rootless);
	lin(&o, rootless);
	encode_end_object(&o);
	buf_add_char(out, '\n');
}
