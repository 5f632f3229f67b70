/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error and log output of the program. The only place that writes to stderr. */
#include <config.h>

#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "libocispec/encode.h"

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_DEBUG] = "debug",
};

enum destination { TO_STDERR, TO_FILE, TO_SYSLOG, TO_JOURNAL };

static struct {
	enum destination kind;
	bool json;
	int fd;		 /* file or socket */
	const char *id;	 /* of syslog and journal */
	struct buf held; /* JSON lines of a command that has not succeeded yet */
} sink = {.fd = -1};

static void json_line(enum log_level level, const char *text, struct buf *out)
{
	struct encoder o = {.out = out};
	size_t start = out->len;
	struct timespec ts;
	char when[64];
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	encode_begin_object(&o);
	encode_member_string(&o, "msg", text);
	encode_member_string(&o, "level", level_names[level]);
	encode_member_string(&o, "time", when);
	encode_end_object(&o);
	buf_add_char(out, '\n');
	/* A path in the text that is not UTF-8: an object without it is better than none. */
	if (out->error == -EILSEQ) {
		out->error = 0;
		out->len = start;
		buf_printf(out,
			   "{\"msg\":\"(text that is not UTF-8, see "
			   "stderr)\",\"level\":\"%s\",\"time\":\"%s\"}\n",
			   level_names[level], when);
	}
}

static void write_file(enum log_level level, const char *text)
{
	cleanup_buf struct buf line = {0};

	if (sink.json && level != LOG_LEVEL_ERROR) {
		json_line(level, text, &sink.held);
		return;
	}
	if (sink.json)
		json_line(level, text, &line);
	else
		buf_printf(&line, "sandlock-oci: %s: %s\n", level_names[level], text);
	/* Nothing can be said about a log that cannot be written. */
	if (!line.error)
		(void)fd_write_all(sink.fd, line.data, line.len);
}

static void send_datagram(enum log_level level, const char *text)
{
	static const int priorities[] = {
		[LOG_LEVEL_ERROR] = 3, [LOG_LEVEL_WARNING] = 4, [LOG_LEVEL_DEBUG] = 7};
	cleanup_buf struct buf msg = {0};

	if (sink.kind == TO_SYSLOG) /* facility user = 1 */
		buf_printf(&msg, "<%d>%s[%d]: %s", 8 + priorities[level], sink.id, (int)getpid(),
			   text);
	else /* journal's native protocol; our texts have no newline */
		buf_printf(&msg, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE=%s\n",
			   priorities[level], sink.id, text);
	if (!msg.error)
		(void)send(sink.fd, msg.data, msg.len, MSG_NOSIGNAL);
}

static void write_log(enum log_level level, const char *text)
{
	switch (sink.kind) {
	case TO_STDERR:
		if (level != LOG_LEVEL_ERROR)
			dprintf(STDERR_FILENO, "sandlock-oci: %s: %s\n", level_names[level], text);
		break;
	case TO_FILE:
		write_file(level, text);
		break;
	default:
		send_datagram(level, text);
	}
}

static int open_socket(const char *path, const char *id, enum destination kind, struct err **err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int code = errno;

		if (fd >= 0)
			close(fd);
		return err_text(err, code, "option --log: cannot reach %s: %s", path,
				strerror(code));
	}
	sink.kind = kind;
	sink.fd = fd;
	sink.id = id[0] ? id : "sandlock-oci";
	return 0;
}

static int open_file(const char *path, struct err **err)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0644);

	if (fd < 0)
		return err_set(err, errno, "option --log: open %s", path);
	sink.kind = TO_FILE;
	sink.fd = fd;
	return 0;
}

int report_open(const char *destination, const char *format, struct err **err)
{
	if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
		return err_text(err, EINVAL, "option --log-format must be text or json, not `%s`",
				format);
	sink.json = format && strcmp(format, "json") == 0;
	log_set_sink(write_log);
	if (!destination)
		return 0;
	if (str_starts(destination, "syslog:"))
		return open_socket("/dev/log", destination + strlen("syslog:"), TO_SYSLOG, err);
	if (str_starts(destination, "journald:"))
		return open_socket("/run/systemd/journal/socket", destination + strlen("journald:"),
				   TO_JOURNAL, err);
	return open_file(str_starts(destination, "file:") ? destination + strlen("file:")
							  : destination,
			 err);
}

void report_failure(const char *text)
{
	dprintf(STDERR_FILENO, "sandlock-oci: %s\n", text);
	if (sink.kind != TO_STDERR)
		write_log(LOG_LEVEL_ERROR, text);
}

void report_success(void)
{
	if (sink.held.len && !sink.held.error)
		(void)fd_write_all(sink.fd, sink.held.data, sink.held.len);
	buf_done(&sink.held);
}
