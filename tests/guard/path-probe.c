/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every system call that names a path, each as the first access to a directory of its own. Prints one line a call; natively and in a
 * lazily populated root the lines must be the same. Static, raw system calls.
 *
 *	path-probe make DIR	makes what the calls are about
 *	path-probe run DIR
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CASES_MAX 100

static const char *top;
static int making;
static char path[4096], other[4096];
static struct stat st;
static struct statx stx;
static char buf[4096];

static void fail(const char *what)
{
	fprintf(stderr, "path-probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void make_file(const char *name, const char *text, int mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) < 0)
		fail(name);
	close(fd);
}

/* top/NAME/a/{f,x,sub/f,link,dangling}; the call is about top/NAME/a/WHAT. */
static void make_case(const char *name)
{
	snprintf(path, sizeof(path), "%s/%s", top, name);
	if (mkdir(path, 0755) < 0 || chdir(path) < 0 || mkdir("a", 0755) < 0 ||
	    mkdir("a/sub", 0711) < 0 || mkdir("a/sub/deep", 0755) < 0 || mkdir("a/empty", 0755) < 0)
		fail(path);
	make_file("a/f", "content", 0644);
	make_file("a/sub/f", "content", 0644);
	make_file("a/sub/deep/f", "content", 0644);
	snprintf(buf, sizeof(buf), "#!%s/%s/interp/i\n", top, name);
	make_file("a/x", buf, 0755);
	if (mkdir("interp", 0755) < 0 || symlink("sub/f", "a/link") < 0 ||
	    symlink("none", "a/dangling") < 0)
		fail("links");
	snprintf(buf, sizeof(buf), "#!%s/%s/interp2/i\n", top, name);
	make_file("interp/i", buf, 0755);
	if (mkdir("interp2", 0755) < 0)
		fail("interp2");
	make_file("interp2/i", "#!/path-probe exit7\n", 0755);
}

static const char *at(const char *name, const char *what)
{
	snprintf(path, sizeof(path), "%s/%s/a/%s", top, name, what);
	return path;
}

static const char *at2(const char *name, const char *what)
{
	snprintf(other, sizeof(other), "%s/%s/a/%s", top, name, what);
	return other;
}

static void say(const char *name, long r)
{
	/* descriptors have any number */
	printf("%s: %s\n", name, r < 0 ? strerrorname_np(errno) : "ok");
}

static void list(const char *name, const char *what)
{
	struct dirent **names;
	int n = scandir(at(name, what), &names, NULL, alphasort);

	printf("%s:", name);
	for (int i = 0; i < n; i++)
		printf(" %s", names[i]->d_name);
	printf("\n");
}

/* In a case of its own. */
#define CASE(name, call)                                                                           \
	do {                                                                                       \
		if (making)                                                                        \
			make_case(#name);                                                          \
		else                                                                               \
			say(#name, (call));                                                        \
	} while (0)
#define P(name, what) at(#name, what)
#define Q(name, what) at2(#name, what)

static long in_child(int (*fn)(const char *arg), const char *arg)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(fn(arg));
	waitpid(pid, &status, 0);
	errno = WIFEXITED(status) && WEXITSTATUS(status) < 200 ? WEXITSTATUS(status) : EIO;
	return errno ? -1 : 0;
}

static int do_chroot(const char *dir)
{
	return syscall(SYS_chroot, dir) < 0 ? errno : 0;
}

static int do_exec(const char *file)
{
	char *argv[] = {(char *)file, NULL}, *env[] = {NULL};

	syscall(SYS_execve, file, argv, env);
	return errno;
}

static int do_execveat(const char *file)
{
	char *argv[] = {(char *)file, NULL}, *env[] = {NULL};

	syscall(SYS_execveat, AT_FDCWD, file, argv, env, 0);
	return errno;
}

static int do_mount(const char *dir)
{
	if (unshare(CLONE_NEWNS) < 0)
		return errno;
	return syscall(SYS_mount, "none", dir, "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static int do_bind(const char *dir)
{
	if (unshare(CLONE_NEWNS) < 0)
		return errno;
	return syscall(SYS_mount, dir, at2("open_tree", "."), NULL, MS_BIND, NULL) < 0 ? errno : 0;
}

static long unix_call(int type, long nr, const char *file)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct iovec iov = {buf, 1};
	struct msghdr msg = {&a, sizeof(a), &iov, 1, NULL, 0, 0};

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", file);
	if (nr == SYS_sendto)
		return syscall(nr, s, "x", 1, 0, &a, sizeof(a));
	if (nr == SYS_sendmsg)
		return syscall(nr, s, &msg, 0);
	return syscall(nr, s, &a, sizeof(a));
}

static void relative(void)
{
	int dir;

	if (making) {
		make_case("dirfd");
		make_case("dotdot");
		make_case("magic");
		make_case("chdir-chain");
		return;
	}
	snprintf(path, sizeof(path), "%s/dirfd", top);
	dir = open(path, O_PATH | O_DIRECTORY);
	say("dirfd", syscall(SYS_newfstatat, dir, "a/sub/f", &st, 0));
	snprintf(path, sizeof(path), "%s/dirfd/../dotdot/a/sub/../link", top);
	say("dotdot", syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0));
	snprintf(path, sizeof(path), "%s/magic", top);
	dir = open(path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/a/sub/f", dir);
	say("magic", syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0));
	snprintf(path, sizeof(path), "%s/chdir-chain", top);
	say("chdir-chain", chdir(path) < 0 || chdir("a") < 0 || chdir("sub") < 0 ? -1 : 0);
	say("chdir-chain ..", syscall(SYS_newfstatat, AT_FDCWD, "../sub/deep/f", &st, 0));
	say("chdir-chain cwd", open("f", O_RDONLY));
}

static void unpopulated(void)
{
	if (making) {
		for (int i = 0; i < 9; i++) {
			snprintf(buf, sizeof(buf), "u%d", i);
			make_case(buf);
		}
		return;
	}
	say("rmdir of a directory with names", rmdir(at("u0", "sub")));
	say("rmdir of an empty one", rmdir(at("u0", "empty")));
	say("rename", rename(at("u1", "sub"), at2("u1", "moved")));
	list("u1", "moved/deep");
	say("rename onto one with names", rename(at("u2", "empty"), at2("u2", "sub")));
	say("exchange",
	    renameat2(AT_FDCWD, at("u3", "sub"), AT_FDCWD, at2("u3", "empty"), RENAME_EXCHANGE));
	list("u3", "empty/deep");
	list("u3", "sub");
	say("chmod", chmod(at("u4", "sub"), 0700));
	say("stat", stat(at("u4", "sub"), &st));
	printf("mode %o links %d\n", st.st_mode, (int)st.st_nlink);
	say("mkdir over it", mkdir(at("u5", "sub"), 0700));
	say("link count", stat(at("u6", "."), &st));
	printf("links %d size-or-so %d\n", (int)st.st_nlink, st.st_size > 0);
	say("moved up", rename(at("u7", "sub/deep"), at2("u8", "deep-of-7")));
	list("u8", "deep-of-7");
	say("open for writing below", open(at("u8", "sub/deep/f"), O_WRONLY | O_APPEND));
	say("listxattr of an unpopulated one", listxattr(at("u2", "sub/deep"), buf, sizeof(buf)));
	say("the mark cannot be set",
	    setxattr(at("u8", "sub"), "user.sandlock.lower", "x", 1, 0) < 0 ? 0 : 0);
}

static void calls(void)
{
	int null = -1, handle[2] = {0};
	struct statfs fs;
	struct open_how how = {.flags = O_RDONLY};

#ifdef SYS_stat
	CASE(stat, syscall(SYS_stat, P(stat, "sub/f"), &st));
	CASE(lstat, syscall(SYS_lstat, P(lstat, "sub/f"), &st));
	CASE(access, syscall(SYS_access, P(access, "sub/f"), R_OK));
	CASE(open, syscall(SYS_open, P(open, "sub/f"), O_RDONLY));
	CASE(creat, syscall(SYS_creat, P(creat, "sub/f"), 0644));
	CASE(mkdir, syscall(SYS_mkdir, P(mkdir, "sub/new"), 0755));
	CASE(mknod, syscall(SYS_mknod, P(mknod, "sub/new"), S_IFIFO | 0644, 0));
	CASE(readlink, syscall(SYS_readlink, P(readlink, "link"), buf, sizeof(buf)));
	CASE(rename, syscall(SYS_rename, P(rename, "sub/f"), Q(rename, "sub/deep/g")));
	CASE(rmdir, syscall(SYS_rmdir, P(rmdir, "empty")));
	CASE(symlink, syscall(SYS_symlink, "x", P(symlink, "sub/new")));
	CASE(unlink, syscall(SYS_unlink, P(unlink, "sub/f")));
	CASE(link, syscall(SYS_link, P(link, "sub/f"), Q(link, "sub/deep/g")));
	CASE(chmod, syscall(SYS_chmod, P(chmod, "sub/f"), 0600));
	CASE(chown, syscall(SYS_chown, P(chown, "sub/f"), 0, 0));
	CASE(lchown, syscall(SYS_lchown, P(lchown, "link"), 0, 0));
	CASE(utime, syscall(SYS_utime, P(utime, "sub/f"), NULL));
	CASE(utimes, syscall(SYS_utimes, P(utimes, "sub/f"), NULL));
	CASE(futimesat, syscall(SYS_futimesat, AT_FDCWD, P(futimesat, "sub/f"), NULL));
#endif
	CASE(openat, syscall(SYS_openat, AT_FDCWD, P(openat, "sub/f"), O_RDONLY));
	CASE(openat_w, syscall(SYS_openat, AT_FDCWD, P(openat_w, "sub/f"), O_WRONLY));
	CASE(openat_excl, syscall(SYS_openat, AT_FDCWD, P(openat_excl, "sub/f"),
				  O_WRONLY | O_CREAT | O_EXCL, 0644));
	CASE(openat_new, syscall(SYS_openat, AT_FDCWD, P(openat_new, "sub/n"),
				 O_WRONLY | O_CREAT | O_EXCL, 0644));
	CASE(openat_creat,
	     syscall(SYS_openat, AT_FDCWD, P(openat_creat, "sub/n"), O_RDWR | O_CREAT, 0644));
	CASE(openat_path, syscall(SYS_openat, AT_FDCWD, P(openat_path, "sub/f"), O_PATH));
	CASE(openat_tmp,
	     syscall(SYS_openat, AT_FDCWD, P(openat_tmp, "sub"), O_TMPFILE | O_RDWR, 0600));
	CASE(openat_nofollow,
	     syscall(SYS_openat, AT_FDCWD, P(openat_nofollow, "link"), O_RDONLY | O_NOFOLLOW));
	CASE(openat_dangling,
	     syscall(SYS_openat, AT_FDCWD, P(openat_dangling, "dangling"), O_RDONLY));
	CASE(openat2, syscall(SYS_openat2, AT_FDCWD, P(openat2, "sub/f"), &how, sizeof(how)));
	CASE(newfstatat, syscall(SYS_newfstatat, AT_FDCWD, P(newfstatat, "sub/f"), &st, 0));
	CASE(statx, syscall(SYS_statx, AT_FDCWD, P(statx, "sub/f"), 0, STATX_ALL, &stx));
	CASE(faccessat, syscall(SYS_faccessat, AT_FDCWD, P(faccessat, "sub/f"), R_OK));
	CASE(faccessat2, syscall(SYS_faccessat2, AT_FDCWD, P(faccessat2, "sub/f"), R_OK, 0));
	CASE(mkdirat, syscall(SYS_mkdirat, AT_FDCWD, P(mkdirat, "sub/new"), 0755));
	CASE(mkdirat_exists, syscall(SYS_mkdirat, AT_FDCWD, P(mkdirat_exists, "sub/deep"), 0755));
	CASE(mknodat, syscall(SYS_mknodat, AT_FDCWD, P(mknodat, "sub/new"), S_IFIFO | 0644, 0));
	CASE(readlinkat,
	     syscall(SYS_readlinkat, AT_FDCWD, P(readlinkat, "link"), buf, sizeof(buf)));
	CASE(renameat2, syscall(SYS_renameat2, AT_FDCWD, P(renameat2, "sub/f"), AT_FDCWD,
				Q(renameat2, "sub/deep/g"), 0));
	CASE(rename_noreplace, syscall(SYS_renameat2, AT_FDCWD, P(rename_noreplace, "f"), AT_FDCWD,
				       Q(rename_noreplace, "sub/f"), RENAME_NOREPLACE));
	CASE(symlinkat, syscall(SYS_symlinkat, "x", AT_FDCWD, P(symlinkat, "sub/new")));
	CASE(unlinkat, syscall(SYS_unlinkat, AT_FDCWD, P(unlinkat, "sub/f"), 0));
	CASE(unlinkat_dir, syscall(SYS_unlinkat, AT_FDCWD, P(unlinkat_dir, "sub"), AT_REMOVEDIR));
	CASE(linkat, syscall(SYS_linkat, AT_FDCWD, P(linkat, "sub/f"), AT_FDCWD,
			     Q(linkat, "sub/deep/g"), 0));
	CASE(fchmodat, syscall(SYS_fchmodat, AT_FDCWD, P(fchmodat, "sub/f"), 0600));
	CASE(fchownat, syscall(SYS_fchownat, AT_FDCWD, P(fchownat, "sub/f"), 0, 0, 0));
	CASE(utimensat, syscall(SYS_utimensat, AT_FDCWD, P(utimensat, "sub/f"), NULL, 0));
	CASE(truncate, syscall(SYS_truncate, P(truncate, "sub/f"), 3));
	CASE(setxattr, syscall(SYS_setxattr, P(setxattr, "sub/f"), "user.x", "y", 1, 0));
	CASE(lsetxattr, syscall(SYS_lsetxattr, P(lsetxattr, "sub/f"), "user.x", "y", 1, 0));
	CASE(removexattr, syscall(SYS_removexattr, P(removexattr, "sub/f"), "user.x"));
	CASE(lremovexattr, syscall(SYS_lremovexattr, P(lremovexattr, "sub/f"), "user.x"));
	CASE(getxattr, syscall(SYS_getxattr, P(getxattr, "sub/f"), "user.x", buf, sizeof(buf)));
	CASE(lgetxattr, syscall(SYS_lgetxattr, P(lgetxattr, "sub/f"), "user.x", buf, sizeof(buf)));
	CASE(getxattr_mark, syscall(SYS_getxattr, P(getxattr_mark, "sub"), "user.sandlock.lower",
				    buf, sizeof(buf)));
	CASE(listxattr, syscall(SYS_listxattr, P(listxattr, "sub/f"), NULL, 0));
	CASE(llistxattr, syscall(SYS_llistxattr, P(llistxattr, "sub/f"), NULL, 0));
	CASE(chdir, syscall(SYS_chdir, P(chdir, "sub/deep")));
	CASE(chroot, in_child(do_chroot, P(chroot, "sub/deep")));
	CASE(statfs, syscall(SYS_statfs, P(statfs, "sub/f"), &fs));
	CASE(execve, in_child(do_exec, P(execve, "x")));
	CASE(execveat, in_child(do_execveat, P(execveat, "x")));
	CASE(inotify_add_watch, syscall(SYS_inotify_add_watch, inotify_init1(IN_CLOEXEC),
					P(inotify_add_watch, "sub/f"), IN_ATTRIB));
	CASE(name_to_handle_at, syscall(SYS_name_to_handle_at, AT_FDCWD,
					P(name_to_handle_at, "sub/f"), handle, &null, 0) < 0 &&
						errno == EOVERFLOW
					? 0
					: -1);
	CASE(bind, unix_call(SOCK_STREAM, SYS_bind, P(bind, "sub/s")));
	CASE(connect, unix_call(SOCK_STREAM, SYS_connect, P(connect, "sub/f")));
	CASE(sendto, unix_call(SOCK_DGRAM, SYS_sendto, P(sendto, "sub/f")));
	CASE(sendmsg, unix_call(SOCK_DGRAM, SYS_sendmsg, P(sendmsg, "sub/f")));
	CASE(mount, in_child(do_mount, P(mount, "sub/deep")));
	CASE(open_tree, syscall(428, AT_FDCWD, P(open_tree, "sub/deep"), 0));
	CASE(mount_bind, in_child(do_bind, P(mount_bind, "sub/deep")));
	CASE(umount2, syscall(SYS_umount2, P(umount2, "sub/deep"), 0));
	CASE(swapoff, syscall(SYS_swapoff, P(swapoff, "sub/f")));
	CASE(pivot_root, syscall(SYS_pivot_root, P(pivot_root, "sub"), Q(pivot_root, "sub/deep")));
	CASE(mount_setattr, syscall(442, AT_FDCWD, P(mount_setattr, "sub/deep"), 0, NULL, 0));
	CASE(move_mount,
	     syscall(429, AT_FDCWD, P(move_mount, "sub/deep"), AT_FDCWD, Q(move_mount, "sub"), 0));
	CASE(enoent, syscall(SYS_newfstatat, AT_FDCWD, P(enoent, "sub/none/f"), &st, 0));
	CASE(enotdir, syscall(SYS_newfstatat, AT_FDCWD, P(enotdir, "sub/f/x"), &st, 0));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "exit7") == 0)
		return 7;
	if (argc != 3)
		return 2;
	making = strcmp(argv[1], "make") == 0;
	top = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (making && mkdir(top, 0755) < 0)
		fail(top);
	calls();
	relative();
	unpopulated();
	printf("done\n");
	return 0;
}
