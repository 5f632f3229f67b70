/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parser refuses: the exact position, path and text of each error. In the documents of the table a ' stands for ".
 * Columns of the IN_ rows count in the second line, where the row's text begins.
 */
/* covers: parser errors name path and place, parser wrong values, parser duplicate keys, parser required properties, parser exact numbers, parser rules between properties */
#include <config.h>

#include "libocispec/oci_config.h"

#include <stddef.h>

#include "tests/lib/tap.h"

enum kind {
	CONFIG,
	PROCESS,
	RESOURCES,
	SECCOMP,
	MOUNTS,
	IN_CONFIG, /* members put into an otherwise good document */
	IN_PROCESS,
	IN_LINUX,
};

struct refusal {
	enum kind kind;
	const char *text;
	const char *want;
};

/* clang-format off */
static const struct refusal refusals[] = {
	/* Syntax, and the document as a whole */
	{ CONFIG, "",
	  "1:1: parse error: premature EOF" },
	{ CONFIG, " ",
	  "1:2: parse error: premature EOF" },
	{ CONFIG, "{",
	  "1:2: parse error: premature EOF" },
	{ CONFIG, "[",
	  "1:2: parse error: premature EOF" },
	{ CONFIG, "{]",
	  "1:2: parse error: invalid object key (must be a string)" },
	{ CONFIG, "nul",
	  "1:1: lexical error: invalid string in json text" },
	{ CONFIG, "{'ociVersion':'1.0.0',}",
	  "1:23: parse error: invalid object key (must be a string)" },
	{ CONFIG, "{'ociVersion' '1.0.0'}",
	  "1:15: ociVersion: parse error: object key and value must be separated by a colon (':')" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{'path':'r'}} x",
	  "1:44: parse error: trailing garbage" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{'path':'r'}}{}",
	  "1:43: parse error: trailing garbage" },
	{ CONFIG, "{'a':01}",
	  "1:7: parse error: after key and value, inside map, I expect ',' or '}'" },
	{ CONFIG, "{'a':+1}",
	  "1:6: a: lexical error: invalid char in json text" },
	{ CONFIG, "{'a':.5}",
	  "1:6: a: lexical error: invalid char in json text" },
	{ CONFIG, "{'a':1.}",
	  "1:6: a: lexical error: malformed number, a digit is required after the decimal point" },
	{ CONFIG, "{'a':'\\x'}",
	  "1:6: a: lexical error: inside a string, '\\' occurs before a character which it may not" },
	{ CONFIG, "{'a':'\\u12'}",
	  "1:6: a: lexical error: invalid (non-hex) character occurs after '\\u' inside string" },
	{ CONFIG, "{'a':\n 'b\tc'}",
	  "2:4: a control character in a string must be escaped" },
	{ CONFIG, "{// comment\n}",
	  "1:2: lexical error: probable comment found in input text, comments are not enabled" },
	{ CONFIG, "{'a':NaN}",
	  "1:6: a: lexical error: invalid char in json text" },
	{ CONFIG, "{'a':tru}",
	  "1:6: a: lexical error: invalid string in json text" },
	{ CONFIG, "{a:1}",
	  "1:2: lexical error: invalid char in json text" },
	{ CONFIG, "{'a':\n\n  [1,,2]}",
	  "3:6: a: parse error: unallowed token at this point in JSON text" },
	{ CONFIG, "'text'",
	  "1:1: expected object, got string" },
	{ CONFIG, "5",
	  "1:1: expected object, got number" },
	{ CONFIG, "[]",
	  "1:1: expected object, got array" },
	{ CONFIG, "null",
	  "1:1: expected object, got null" },
	{ CONFIG, "true",
	  "1:1: expected object, got boolean" },
	{ CONFIG, "{}",
	  "1:1: ociVersion: required property is missing" },
	{ CONFIG, "{'ociVersion':'1.0.0'}",
	  "1:1: root: required property is missing" },
	{ CONFIG, "{'root':{'path':'r'}}",
	  "1:1: ociVersion: required property is missing" },
	{ CONFIG, "{'ociVersion':null,'root':{'path':'r'}}",
	  "1:1: ociVersion: required property is missing" },
	{ CONFIG, "{'ociVersion':1,'root':{'path':'r'}}",
	  "1:15: ociVersion: expected string, got number" },
	{ CONFIG, "{'ociVersion':'2.0.0'}",
	  "1:15: ociVersion: version \"2.0.0\" is not supported: only 1.x is" },
	{ CONFIG, "{'ociVersion':'0.9.0'}",
	  "1:15: ociVersion: version \"0.9.0\" is not supported: only 1.x is" },
	{ CONFIG, "{'ociVersion':'1.0'}",
	  "1:15: ociVersion: \"1.0\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'v1.0.0'}",
	  "1:15: ociVersion: \"v1.0.0\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.00'}",
	  "1:15: ociVersion: \"1.0.00\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.0-'}",
	  "1:15: ociVersion: \"1.0.0-\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.0-01'}",
	  "1:15: ociVersion: \"1.0.0-01\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.0+'}",
	  "1:15: ociVersion: \"1.0.0+\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'10.0.0'}",
	  "1:15: ociVersion: version \"10.0.0\" is not supported: only 1.x is" },
	{ CONFIG, "{'ociVersion':''}",
	  "1:15: ociVersion: \"\" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.0 '}",
	  "1:15: ociVersion: \"1.0.0 \" is not a version (SemVer 2.0.0, such as \"1.3.0\")" },
	{ CONFIG, "{'ociVersion':'1.0.0','ociVersion':'1.0.0'}",
	  "1:23: ociVersion: duplicate key" },
	{ CONFIG, "{'ociVersion':'1.0.0',\n 'x':{'b':1,'a':2,\n  'a':3,'b':4}}",
	  "3:3: x.a: duplicate key" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':null}",
	  "1:1: root: required property is missing" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':'r'}",
	  "1:30: root: expected object, got string" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{}}",
	  "1:30: root.path: required property is missing" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{'path':''}}",
	  "1:38: root.path: must not be empty" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{'path':'r','readonly':'yes'}}",
	  "1:53: root.readonly: expected boolean, got string" },
	{ CONFIG, "{'ociVersion':'1.0.0','root':{'path':'r','readonly':1}}",
	  "1:53: root.readonly: expected boolean, got number" },
	/* Members of the root object */
	{ IN_CONFIG, "'hostname':5",
	  "2:12: hostname: expected string, got number" },
	{ IN_CONFIG, "'hostname':'h'",
	  "2:12: hostname: needs a uts namespace in linux.namespaces" },
	{ IN_CONFIG, "'domainname':'d'",
	  "2:14: domainname: needs a uts namespace in linux.namespaces" },
	{ IN_CONFIG, "'domainname':['d']",
	  "2:14: domainname: expected string, got array" },
	{ IN_CONFIG, "'annotations':[]",
	  "2:15: annotations: expected object, got array" },
	{ IN_CONFIG, "'annotations':{'a':1}",
	  "2:20: annotations.a: expected string, got number" },
	{ IN_CONFIG, "'annotations':{'':'x'}",
	  "2:19: annotations[\"\"]: the key must not be empty" },
	{ IN_CONFIG, "'annotations':{'a.b/c':true}",
	  "2:24: annotations[\"a.b/c\"]: expected string, got boolean" },
	{ IN_CONFIG, "'annotations':{'a':'1','a':'2'}",
	  "2:24: annotations.a: duplicate key" },
	{ IN_CONFIG, "'mounts':{}",
	  "2:10: mounts: expected array, got object" },
	{ IN_CONFIG, "'mounts':[5]",
	  "2:11: mounts[0]: expected object, got number" },
	{ IN_CONFIG, "'mounts':[null]",
	  "2:11: mounts[0]: expected object, got null" },
	{ IN_CONFIG, "'mounts':[{}]",
	  "2:11: mounts[0].destination: required property is missing" },
	{ IN_CONFIG, "'mounts':[{'destination':''}]",
	  "2:26: mounts[0].destination: must not be empty" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a','options':'ro'}]",
	  "2:41: mounts[0].options: expected array, got string" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a'},{'destination':'/b','options':['ro',1]}]",
	  "2:68: mounts[1].options[1]: expected string, got number" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a','uidMappings':[{'containerID':0,'hostID':0,'size':1}]}]",
	  "2:45: mounts[0].uidMappings: given without gidMappings" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a','gidMappings':[{'containerID':0,'hostID':0,'size':1}]}]",
	  "2:45: mounts[0].gidMappings: given without uidMappings" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a','options':['bind','idmap']}]",
	  "2:41: mounts[0].options: an idmapped mount needs uidMappings and gidMappings, or a user namespace in linux.namespaces" },
	{ IN_CONFIG, "'mounts':[{'destination':'/a','options':['ridmap']}]",
	  "2:41: mounts[0].options: an idmapped mount needs uidMappings and gidMappings, or a user namespace in linux.namespaces" },
	{ IN_CONFIG, "'hooks':[]",
	  "2:9: hooks: expected object, got array" },
	{ IN_CONFIG, "'hooks':{'prestart':{}}",
	  "2:21: hooks.prestart: expected array, got object" },
	{ IN_CONFIG, "'hooks':{'prestart':[{}]}",
	  "2:22: hooks.prestart[0].path: required property is missing" },
	{ IN_CONFIG, "'hooks':{'createRuntime':[{'path':'bin/x'}]}",
	  "2:35: hooks.createRuntime[0].path: must be an absolute path, got \"bin/x\"" },
	{ IN_CONFIG, "'hooks':{'poststop':[{'path':'/x','timeout':0}]}",
	  "2:45: hooks.poststop[0].timeout: 0 is out of range (1 to 2147483647)" },
	{ IN_CONFIG, "'hooks':{'poststart':[{'path':'/x'},{'path':'/x','timeout':-1}]}",
	  "2:60: hooks.poststart[1].timeout: -1 is out of range (1 to 2147483647)" },
	{ IN_CONFIG, "'hooks':{'poststart':[{'path':'/x','timeout':'5'}]}",
	  "2:46: hooks.poststart[0].timeout: expected integer, got string" },
	{ IN_CONFIG, "'hooks':{'startContainer':[{'path':'/x','args':'a'}]}",
	  "2:48: hooks.startContainer[0].args: expected array, got string" },
	{ IN_CONFIG, "'hooks':{'createContainer':[{'path':'/x','env':[1]}]}",
	  "2:49: hooks.createContainer[0].env[0]: expected string, got number" },
	{ IN_CONFIG, "'hooks':{'poststart':[{'path':'/x','timeout':2147483648}]}",
	  "2:46: hooks.poststart[0].timeout: 2147483648 is out of range (1 to 2147483647)" },
	{ IN_CONFIG, "'linux':[]",
	  "2:9: linux: expected object, got array" },
	{ IN_CONFIG, "'process':5",
	  "2:11: process: expected object, got number" },
	{ IN_CONFIG, "'process':{}",
	  "2:11: process.args: required property is missing" },
	{ IN_CONFIG, "'process':{'cwd':'/','args':['a'],'user':{'uid':-1,'gid':0}}",
	  "2:49: process.user.uid: -1 is out of range (0 to 4294967295)" },
	/* Members of process */
	{ IN_PROCESS, "'terminal':'yes'",
	  "2:12: terminal: expected boolean, got string" },
	{ IN_PROCESS, "'user':{}",
	  "2:8: user.uid: required property is missing" },
	{ IN_PROCESS, "'user':{'uid':0}",
	  "2:8: user.gid: required property is missing" },
	{ IN_PROCESS, "'user':{'gid':0}",
	  "2:8: user.uid: required property is missing" },
	{ IN_PROCESS, "'user':{'uid':-1,'gid':0}",
	  "2:15: user.uid: -1 is out of range (0 to 4294967295)" },
	{ IN_PROCESS, "'user':{'uid':5000000000,'gid':0}",
	  "2:15: user.uid: 5000000000 is out of range (0 to 4294967295)" },
	{ IN_PROCESS, "'user':{'uid':4294967295,'gid':0}",
	  "2:15: user.uid: 4294967295 is not an id (the kernel reads it as -1)" },
	{ IN_PROCESS, "'user':{'uid':4294967296,'gid':0}",
	  "2:15: user.uid: 4294967296 is out of range (0 to 4294967295)" },
	{ IN_PROCESS, "'user':{'uid':'0','gid':0}",
	  "2:15: user.uid: expected integer, got string" },
	{ IN_PROCESS, "'user':{'uid':1.0,'gid':0}",
	  "2:15: user.uid: expected integer without fraction or exponent, got 1.0" },
	{ IN_PROCESS, "'user':{'uid':1e3,'gid':0}",
	  "2:15: user.uid: expected integer without fraction or exponent, got 1e3" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'umask':512}",
	  "2:33: user.umask: 512 is out of range (0 to 511)" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'umask':-1}",
	  "2:33: user.umask: -1 is out of range (0 to 511)" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'additionalGids':[1,'2']}",
	  "2:45: user.additionalGids[1]: expected integer, got string" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'additionalGids':[1,4294967295]}",
	  "2:45: user.additionalGids[1]: 4294967295 is not an id (the kernel reads it as -1)" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'additionalGids':5}",
	  "2:42: user.additionalGids: expected array, got number" },
	{ IN_PROCESS, "'user':{'uid':0,'gid':0,'additionalGids':[1,null]}",
	  "2:45: user.additionalGids[1]: expected integer, got null" },
	{ IN_PROCESS, "'user':{'uid':18446744073709551616,'gid':0}",
	  "2:15: user.uid: 18446744073709551616 is out of range (0 to 4294967295)" },
	{ IN_PROCESS, "'user':'root'",
	  "2:8: user: expected object, got string" },
	{ IN_PROCESS, "'env':'A=1'",
	  "2:7: env: expected array, got string" },
	{ IN_PROCESS, "'env':['A=1',null]",
	  "2:14: env[1]: expected string, got null" },
	{ IN_PROCESS, "'capabilities':[]",
	  "2:16: capabilities: expected object, got array" },
	{ IN_PROCESS, "'capabilities':{'bounding':'CAP_CHOWN'}",
	  "2:28: capabilities.bounding: expected array, got string" },
	{ IN_PROCESS, "'capabilities':{'ambient':[1]}",
	  "2:28: capabilities.ambient[0]: expected string, got number" },
	{ IN_PROCESS, "'rlimits':{}",
	  "2:11: rlimits: expected array, got object" },
	{ IN_PROCESS, "'rlimits':[{}]",
	  "2:12: rlimits[0].type: required property is missing" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':1},{'type':'RLIMIT_FOO','soft':1,'hard':1}]",
	  "2:63: rlimits[1].type: unknown value \"RLIMIT_FOO\" (known: RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK)" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','hard':1}]",
	  "2:12: rlimits[0].soft: required property is missing" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','soft':1}]",
	  "2:12: rlimits[0].hard: required property is missing" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','soft':-1,'hard':1}]",
	  "2:41: rlimits[0].soft: -1 is out of range (0 to 18446744073709551615)" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','soft':2,'hard':1}]",
	  "2:41: rlimits[0].soft: above the hard limit" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','soft':18446744073709551616,'hard':1}]",
	  "2:41: rlimits[0].soft: 18446744073709551616 is out of range (0 to 18446744073709551615)" },
	{ IN_PROCESS, "'rlimits':[{'type':'RLIMIT_CORE','soft':1,'hard':1},{'type':'RLIMIT_AS','soft':1,'hard':1},{'type':'RLIMIT_CORE','soft':1,'hard':1}]",
	  "2:100: rlimits[2].type: duplicate rlimit type \"RLIMIT_CORE\"" },
	{ IN_PROCESS, "'rlimits':[{'type':'rlimit_core','soft':1,'hard':1}]",
	  "2:20: rlimits[0].type: unknown value \"rlimit_core\" (known: RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK)" },
	{ IN_PROCESS, "'noNewPrivileges':0",
	  "2:19: noNewPrivileges: expected boolean, got number" },
	{ IN_PROCESS, "'apparmorProfile':1",
	  "2:19: apparmorProfile: expected string, got number" },
	{ IN_PROCESS, "'selinuxLabel':{}",
	  "2:16: selinuxLabel: expected string, got object" },
	{ IN_PROCESS, "'oomScoreAdj':1001",
	  "2:15: oomScoreAdj: 1001 is out of range (-1000 to 1000)" },
	{ IN_PROCESS, "'oomScoreAdj':-1001",
	  "2:15: oomScoreAdj: -1001 is out of range (-1000 to 1000)" },
	{ IN_PROCESS, "'oomScoreAdj':0.5",
	  "2:15: oomScoreAdj: expected integer without fraction or exponent, got 0.5" },
	{ IN_PROCESS, "'oomScoreAdj':'0'",
	  "2:15: oomScoreAdj: expected integer, got string" },
	{ IN_PROCESS, "'scheduler':{}",
	  "2:13: scheduler.policy: required property is missing" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_FAST'}",
	  "2:23: scheduler.policy: unknown value \"SCHED_FAST\" (known: SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE)" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_FIFO','nice':1}",
	  "2:43: scheduler.nice: only for SCHED_OTHER and SCHED_BATCH" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_OTHER','nice':20}",
	  "2:44: scheduler.nice: 20 is out of range (-20 to 19)" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_OTHER','priority':1}",
	  "2:48: scheduler.priority: only for SCHED_FIFO and SCHED_RR" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_RR','runtime':1}",
	  "2:44: scheduler.runtime: only for SCHED_DEADLINE" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_RR','deadline':1}",
	  "2:45: scheduler.deadline: only for SCHED_DEADLINE" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_RR','period':1}",
	  "2:43: scheduler.period: only for SCHED_DEADLINE" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_OTHER','flags':['SCHED_FLAG_X']}",
	  "2:46: scheduler.flags[0]: unknown value \"SCHED_FLAG_X\" (known: SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX)" },
	{ IN_PROCESS, "'scheduler':{'policy':'SCHED_OTHER','flags':'SCHED_FLAG_RECLAIM'}",
	  "2:45: scheduler.flags: expected array, got string" },
	{ IN_PROCESS, "'ioPriority':{'class':'IOPRIO_CLASS_BE'}",
	  "2:14: ioPriority.priority: required property is missing" },
	{ IN_PROCESS, "'ioPriority':{'class':'IOPRIO_CLASS_NONE','priority':1}",
	  "2:23: ioPriority.class: unknown value \"IOPRIO_CLASS_NONE\" (known: IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE)" },
	{ IN_PROCESS, "'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}",
	  "2:52: ioPriority.priority: 8 is out of range (0 to 7)" },
	{ IN_PROCESS, "'ioPriority':{'priority':8}",
	  "2:26: ioPriority.priority: 8 is out of range (0 to 7)" },
	{ IN_PROCESS, "'execCPUAffinity':{'initial':'0-3;7'}",
	  "2:30: execCPUAffinity.initial: must be a list such as \"0-3,7\"" },
	{ IN_PROCESS, "'execCPUAffinity':{'final':'all'}",
	  "2:28: execCPUAffinity.final: must be a list such as \"0-3,7\"" },
	{ IN_PROCESS, "'execCPUAffinity':{'final':3}",
	  "2:28: execCPUAffinity.final: expected string, got number" },
	{ IN_PROCESS, "'terminal':true,'consoleSize':{'height':25}",
	  "2:31: consoleSize.width: required property is missing" },
	{ IN_PROCESS, "'terminal':true,'consoleSize':{'height':25,'width':65536}",
	  "2:52: consoleSize.width: 65536 is out of range (0 to 65535)" },
	{ IN_PROCESS, "'terminal':true,'consoleSize':{'height':-1,'width':80}",
	  "2:41: consoleSize.height: -1 is out of range (0 to 65535)" },
	{ IN_PROCESS, "'landlock':{'rules':{'pathBeneath':[{'paths':['/a']}]}}",
	  "2:37: landlock.rules.pathBeneath[0].allowedAccess: required property is missing" },
	{ IN_PROCESS, "'landlock':{'rules':{'pathBeneath':[{'paths':[],'allowedAccess':[]}]}}",
	  "2:46: landlock.rules.pathBeneath[0].paths: must have at least one entry" },
	{ IN_PROCESS, "'landlock':{'ruleset':{'handledAccessFS':'execute'}}",
	  "2:42: landlock.ruleset.handledAccessFS: expected array, got string" },
	{ IN_PROCESS, "'landlock':{'rules':{'netPort':[{'allowedAccess':['bind_tcp'],'ports':[65536]}]}}",
	  "2:72: landlock.rules.netPort[0].ports[0]: 65536 is out of range (0 to 65535)" },
	{ IN_PROCESS, "'landlock':{'disableBestEffort':'no'}",
	  "2:33: landlock.disableBestEffort: expected boolean, got string" },
	/* process.json */
	{ PROCESS, "{'args':['a']}",
	  "1:1: cwd: required property is missing" },
	{ PROCESS, "{'cwd':'/'}",
	  "1:1: args: required property is missing" },
	{ PROCESS, "{'cwd':'/','args':[]}",
	  "1:19: args: must have at least one entry" },
	{ PROCESS, "{'cwd':'/','args':'sh'}",
	  "1:19: args: expected array, got string" },
	{ PROCESS, "{'cwd':'/','args':['sh',5]}",
	  "1:25: args[1]: expected string, got number" },
	{ PROCESS, "{'cwd':'/','args':['sh',null]}",
	  "1:25: args[1]: expected string, got null" },
	{ PROCESS, "{'cwd':'home','args':['a']}",
	  "1:8: cwd: must be an absolute path, got \"home\"" },
	{ PROCESS, "{'cwd':'','args':['a']}",
	  "1:8: cwd: must be an absolute path, got \"\"" },
	{ PROCESS, "{'cwd':5,'args':['a']}",
	  "1:8: cwd: expected string, got number" },
	{ PROCESS, "{'cwd':null,'args':['a']}",
	  "1:1: cwd: required property is missing" },
	{ PROCESS, "{'cwd':'/a\\u0000b','args':['a']}",
	  "1:11: a string must not contain U+0000" },
	{ PROCESS, "{'cwd':'/','args':['a\\ud800']}",
	  "1:22: half of a UTF-16 surrogate pair" },
	{ PROCESS, "{'cwd':'/','args':['\\udc00\\ud800']}",
	  "1:21: half of a UTF-16 surrogate pair" },
	/* Members of linux */
	{ IN_LINUX, "'namespaces':[{}]",
	  "2:15: linux.namespaces[0].type: required property is missing" },
	{ IN_LINUX, "'namespaces':[{'type':'bogus'}]",
	  "2:23: linux.namespaces[0].type: unknown value \"bogus\" (known: user, mount, pid, network, ipc, uts, cgroup, time)" },
	{ IN_LINUX, "'namespaces':[{'type':'net'}]",
	  "2:23: linux.namespaces[0].type: unknown value \"net\" (known: user, mount, pid, network, ipc, uts, cgroup, time)" },
	{ IN_LINUX, "'namespaces':[{'type':'pid','path':'proc/1/ns/pid'}]",
	  "2:36: linux.namespaces[0].path: must be an absolute path, got \"proc/1/ns/pid\"" },
	{ IN_LINUX, "'namespaces':[{'type':'pid'},{'type':'mount'},{'type':'pid'}]",
	  "2:55: linux.namespaces[2].type: duplicate namespace type \"pid\"" },
	{ IN_LINUX, "'namespaces':{'type':'pid'}",
	  "2:14: linux.namespaces: expected array, got object" },
	{ IN_LINUX, "'namespaces':[{'type':null}]",
	  "2:15: linux.namespaces[0].type: required property is missing" },
	{ IN_LINUX, "'uidMappings':[{'containerID':0,'hostID':0}]",
	  "2:16: linux.uidMappings[0].size: required property is missing" },
	{ IN_LINUX, "'uidMappings':[{'containerID':0,'hostID':0,'size':0}]",
	  "2:51: linux.uidMappings[0].size: 0 is out of range (1 to 4294967295)" },
	{ IN_LINUX, "'gidMappings':[{'containerID':1,'hostID':0,'size':4294967295}]",
	  "2:51: linux.gidMappings[0].size: the range of container ids ends beyond 4294967294" },
	{ IN_LINUX, "'gidMappings':[{'containerID':0,'hostID':4294967295,'size':1}]",
	  "2:60: linux.gidMappings[0].size: the range of host ids ends beyond 4294967294" },
	{ IN_LINUX, "'uidMappings':[{'containerID':-1,'hostID':0,'size':1}]",
	  "2:31: linux.uidMappings[0].containerID: -1 is out of range (0 to 4294967295)" },
	{ IN_LINUX, "'timeOffsets':{'monotonic':{'secs':1}}",
	  "2:15: linux.timeOffsets: needs a new time namespace in linux.namespaces" },
	{ IN_LINUX, "'namespaces':[{'type':'time','path':'/proc/1/ns/time'}],'timeOffsets':{'boottime':{'secs':1}}",
	  "2:71: linux.timeOffsets: needs a new time namespace in linux.namespaces" },
	{ IN_LINUX, "'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'nanosecs':1000000000}}",
	  "2:70: linux.timeOffsets.boottime.nanosecs: 1000000000 is out of range (0 to 999999999)" },
	{ IN_LINUX, "'namespaces':[{'type':'time'}],'timeOffsets':{'boottime':{'secs':9223372036854775808}}",
	  "2:66: linux.timeOffsets.boottime.secs: 9223372036854775808 is out of range (-9223372036854775808 to 9223372036854775807)" },
	{ IN_LINUX, "'devices':[{'path':'/dev/x','major':1,'minor':1}]",
	  "2:12: linux.devices[0].type: required property is missing" },
	{ IN_LINUX, "'devices':[{'type':'c','major':1,'minor':1}]",
	  "2:12: linux.devices[0].path: required property is missing" },
	{ IN_LINUX, "'devices':[{'type':'d','path':'/dev/x','major':1,'minor':1}]",
	  "2:20: linux.devices[0].type: unknown value \"d\" (known: c, b, u, p)" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'dev/x','major':1,'minor':1}]",
	  "2:31: linux.devices[0].path: must be an absolute path, got \"dev/x\"" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'/dev/x','minor':1}]",
	  "2:12: linux.devices[0].major: required property is missing (all types but \"p\" need it)" },
	{ IN_LINUX, "'devices':[{'type':'b','path':'/dev/x','major':1}]",
	  "2:12: linux.devices[0].minor: required property is missing (all types but \"p\" need it)" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'/dev/x','major':-1,'minor':1}]",
	  "2:48: linux.devices[0].major: -1 is out of range (0 to 9223372036854775807)" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'/dev/x','major':1,'minor':1,'fileMode':65536}]",
	  "2:71: linux.devices[0].fileMode: 65536 is out of range (0 to 65535)" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'/dev/x','major':1,'minor':1,'fileMode':'0666'}]",
	  "2:71: linux.devices[0].fileMode: expected integer, got string" },
	{ IN_LINUX, "'devices':[{'type':'c','path':'/dev/x','major':1,'minor':1,'uid':4294967295}]",
	  "2:66: linux.devices[0].uid: 4294967295 is not an id (the kernel reads it as -1)" },
	{ IN_LINUX, "'netDevices':{'eth0':{}}",
	  "2:14: linux.netDevices: needs a network namespace in linux.namespaces" },
	{ IN_LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'':{}}",
	  "2:52: linux.netDevices[\"\"]: the key is not a network interface name" },
	{ IN_LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'a/b':{}}",
	  "2:55: linux.netDevices[\"a/b\"]: the key is not a network interface name" },
	{ IN_LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'abcdefghijklmnop'}}",
	  "2:64: linux.netDevices.eth0.name: not a network interface name" },
	{ IN_LINUX, "'namespaces':[{'type':'network'}],'netDevices':{'eth0':{'name':'a b'}}",
	  "2:64: linux.netDevices.eth0.name: not a network interface name" },
	{ IN_LINUX, "'netDevices':{'eth0':'eth1'}",
	  "2:22: linux.netDevices.eth0: expected object, got string" },
	{ IN_LINUX, "'netDevices':[]",
	  "2:14: linux.netDevices: expected object, got array" },
	{ IN_LINUX, "'cgroupsPath':5",
	  "2:15: linux.cgroupsPath: expected string, got number" },
	{ IN_LINUX, "'rootfsPropagation':'sharing'",
	  "2:21: linux.rootfsPropagation: unknown value \"sharing\" (known: shared, slave, private, unbindable, rshared, rslave, rprivate, runbindable)" },
	{ IN_LINUX, "'maskedPaths':'/proc/kcore'",
	  "2:15: linux.maskedPaths: expected array, got string" },
	{ IN_LINUX, "'maskedPaths':['/a','proc/kcore']",
	  "2:21: linux.maskedPaths[1]: must be an absolute path, got \"proc/kcore\"" },
	{ IN_LINUX, "'readonlyPaths':['']",
	  "2:18: linux.readonlyPaths[0]: must be an absolute path, got \"\"" },
	{ IN_LINUX, "'readonlyPaths':[1]",
	  "2:18: linux.readonlyPaths[0]: expected string, got number" },
	{ IN_LINUX, "'mountLabel':1",
	  "2:14: linux.mountLabel: expected string, got number" },
	{ IN_LINUX, "'sysctl':{'net.ipv4.ip_forward':1}",
	  "2:33: linux.sysctl[\"net.ipv4.ip_forward\"]: expected string, got number" },
	{ IN_LINUX, "'sysctl':{'':'1'}",
	  "2:14: linux.sysctl[\"\"]: the key must not be empty" },
	{ IN_LINUX, "'sysctl':['a']",
	  "2:10: linux.sysctl: expected object, got array" },
	{ IN_LINUX, "'personality':{}",
	  "2:15: linux.personality.domain: required property is missing" },
	{ IN_LINUX, "'personality':{'domain':'LINUX64'}",
	  "2:25: linux.personality.domain: unknown value \"LINUX64\" (known: LINUX, LINUX32)" },
	{ IN_LINUX, "'personality':{'domain':'LINUX','flags':['X']}",
	  "2:41: linux.personality.flags: no flags are defined: must be an empty array" },
	{ IN_LINUX, "'memoryPolicy':{}",
	  "2:16: linux.memoryPolicy.mode: required property is missing" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_X'}",
	  "2:24: linux.memoryPolicy.mode: unknown value \"MPOL_X\" (known: MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE)" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':'0'}",
	  "2:47: linux.memoryPolicy.nodes: MPOL_DEFAULT takes no nodes" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_LOCAL','nodes':'0'}",
	  "2:45: linux.memoryPolicy.nodes: MPOL_LOCAL takes no nodes" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_BIND'}",
	  "2:16: linux.memoryPolicy.nodes: required property is missing (MPOL_BIND needs it)" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'a'}",
	  "2:44: linux.memoryPolicy.nodes: must be a list such as \"0-3,7\"" },
	{ IN_LINUX, "'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0','flags':['MPOL_F_X']}",
	  "2:57: linux.memoryPolicy.flags[0]: unknown value \"MPOL_F_X\" (known: MPOL_F_NUMA_BALANCING, MPOL_F_RELATIVE_NODES, MPOL_F_STATIC_NODES)" },
	{ IN_LINUX, "'intelRdt':{'closID':'a/b'}",
	  "2:22: linux.intelRdt.closID: must be \"/\" or one path component" },
	{ IN_LINUX, "'intelRdt':{'closID':'..'}",
	  "2:22: linux.intelRdt.closID: must be \"/\" or one path component" },
	{ IN_LINUX, "'intelRdt':{'memBwSchema':'L3:0=f'}",
	  "2:27: linux.intelRdt.memBwSchema: must be one line that begins with \"MB:\"" },
	{ IN_LINUX, "'intelRdt':{'l3CacheSchema':'a\\nb'}",
	  "2:29: linux.intelRdt.l3CacheSchema: must be one line" },
	{ IN_LINUX, "'intelRdt':{'schemata':'x'}",
	  "2:24: linux.intelRdt.schemata: expected array, got string" },
	{ IN_LINUX, "'intelRdt':{'enableMonitoring':1}",
	  "2:32: linux.intelRdt.enableMonitoring: expected boolean, got number" },
	{ IN_LINUX, "'resources':5",
	  "2:13: linux.resources: expected object, got number" },
	{ IN_LINUX, "'resources':{'pids':{}}",
	  "2:21: linux.resources.pids.limit: required property is missing" },
	{ IN_LINUX, "'seccomp':{}",
	  "2:11: linux.seccomp.defaultAction: required property is missing" },
	/* LinuxResources */
	{ RESOURCES, "[]",
	  "1:1: expected object, got array" },
	{ RESOURCES, "{'pids':{}}",
	  "1:9: pids.limit: required property is missing" },
	{ RESOURCES, "{'pids':5}",
	  "1:9: pids: expected object, got number" },
	{ RESOURCES, "{'pids':{'limit':'7'}}",
	  "1:18: pids.limit: expected integer, got string" },
	{ RESOURCES, "{'pids':{'limit':-2}}",
	  "1:18: pids.limit: -2 is out of range (-1 to 9223372036854775807)" },
	{ RESOURCES, "{'pids':{'limit':null}}",
	  "1:9: pids.limit: required property is missing" },
	{ RESOURCES, "{'devices':[{}]}",
	  "1:13: devices[0].allow: required property is missing" },
	{ RESOURCES, "{'devices':[{'allow':'yes'}]}",
	  "1:22: devices[0].allow: expected boolean, got string" },
	{ RESOURCES, "{'devices':[{'allow':true,'type':'p'}]}",
	  "1:34: devices[0].type: unknown value \"p\" (known: a, c, b)" },
	{ RESOURCES, "{'devices':[{'allow':true,'access':'rx'}]}",
	  "1:36: devices[0].access: only the letters r, w and m are allowed" },
	{ RESOURCES, "{'devices':[{'allow':true,'major':-2}]}",
	  "1:35: devices[0].major: -2 is out of range (-1 to 9223372036854775807)" },
	{ RESOURCES, "{'memory':{'limit':'1g'}}",
	  "1:20: memory.limit: expected integer, got string" },
	{ RESOURCES, "{'memory':{'limit':-2}}",
	  "1:20: memory.limit: -2 is out of range (-1 to 9223372036854775807)" },
	{ RESOURCES, "{'memory':{'limit':9223372036854775808}}",
	  "1:20: memory.limit: 9223372036854775808 is out of range (-1 to 9223372036854775807)" },
	{ RESOURCES, "{'memory':{'limit':1e9}}",
	  "1:20: memory.limit: expected integer without fraction or exponent, got 1e9" },
	{ RESOURCES, "{'memory':{'limit':1.5}}",
	  "1:20: memory.limit: expected integer without fraction or exponent, got 1.5" },
	{ RESOURCES, "{'memory':{'swappiness':201}}",
	  "1:25: memory.swappiness: 201 is out of range (0 to 200)" },
	{ RESOURCES, "{'memory':{'swappiness':-0.0}}",
	  "1:25: memory.swappiness: expected integer without fraction or exponent, got -0.0" },
	{ RESOURCES, "{'memory':{'disableOOMKiller':0}}",
	  "1:31: memory.disableOOMKiller: expected boolean, got number" },
	{ RESOURCES, "{'memory':[]}",
	  "1:11: memory: expected object, got array" },
	{ RESOURCES, "{'cpu':{'shares':-1}}",
	  "1:18: cpu.shares: -1 is out of range (0 to 18446744073709551615)" },
	{ RESOURCES, "{'cpu':{'shares':18446744073709551616}}",
	  "1:18: cpu.shares: 18446744073709551616 is out of range (0 to 18446744073709551615)" },
	{ RESOURCES, "{'cpu':{'quota':-9223372036854775809}}",
	  "1:17: cpu.quota: -9223372036854775809 is out of range (-9223372036854775808 to 9223372036854775807)" },
	{ RESOURCES, "{'cpu':{'idle':2}}",
	  "1:16: cpu.idle: 2 is out of range (0 to 1)" },
	{ RESOURCES, "{'cpu':{'cpus':3}}",
	  "1:16: cpu.cpus: expected string, got number" },
	{ RESOURCES, "{'cpu':{'cpus':'0-3\\n'}}",
	  "1:16: cpu.cpus: must be one line" },
	{ RESOURCES, "{'cpu':{'mems':'0\\n'}}",
	  "1:16: cpu.mems: must be one line" },
	{ RESOURCES, "{'cpu':{'quota':1000,'burst':1001}}",
	  "1:30: cpu.burst: above the quota" },
	{ RESOURCES, "{'blockIO':{'weight':1001}}",
	  "1:22: blockIO.weight: 1001 is out of range (0 to 1000)" },
	{ RESOURCES, "{'blockIO':{'weight':65536}}",
	  "1:22: blockIO.weight: 65536 is out of range (0 to 1000)" },
	{ RESOURCES, "{'blockIO':{'weightDevice':[{'major':8,'minor':0}]}}",
	  "1:29: blockIO.weightDevice[0]: needs weight or leafWeight" },
	{ RESOURCES, "{'blockIO':{'weightDevice':[{'major':8,'weight':10}]}}",
	  "1:29: blockIO.weightDevice[0].minor: required property is missing" },
	{ RESOURCES, "{'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0}]}}",
	  "1:38: blockIO.throttleReadBpsDevice[0].rate: required property is missing" },
	{ RESOURCES, "{'blockIO':{'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':-1}]}}",
	  "1:68: blockIO.throttleWriteIOPSDevice[0].rate: -1 is out of range (0 to 18446744073709551615)" },
	{ RESOURCES, "{'hugepageLimits':[{'limit':1}]}",
	  "1:20: hugepageLimits[0].pageSize: required property is missing" },
	{ RESOURCES, "{'hugepageLimits':[{'pageSize':'2MB'}]}",
	  "1:20: hugepageLimits[0].limit: required property is missing" },
	{ RESOURCES, "{'hugepageLimits':[{'pageSize':'2mb','limit':1}]}",
	  "1:32: hugepageLimits[0].pageSize: must be a number and KB, MB or GB, such as \"2MB\"" },
	{ RESOURCES, "{'hugepageLimits':[{'pageSize':'02MB','limit':1}]}",
	  "1:32: hugepageLimits[0].pageSize: must be a number and KB, MB or GB, such as \"2MB\"" },
	{ RESOURCES, "{'hugepageLimits':[{'pageSize':'2M','limit':1}]}",
	  "1:32: hugepageLimits[0].pageSize: must be a number and KB, MB or GB, such as \"2MB\"" },
	{ RESOURCES, "{'network':{'classID':4294967296}}",
	  "1:23: network.classID: 4294967296 is out of range (0 to 4294967295)" },
	{ RESOURCES, "{'network':{'priorities':[{'name':'eth0'}]}}",
	  "1:27: network.priorities[0].priority: required property is missing" },
	{ RESOURCES, "{'network':{'priorities':[{'priority':1}]}}",
	  "1:27: network.priorities[0].name: required property is missing" },
	{ RESOURCES, "{'rdma':{'mlx5':{}}}",
	  "1:17: rdma.mlx5: needs hcaHandles or hcaObjects" },
	{ RESOURCES, "{'rdma':{'mlx5':5}}",
	  "1:17: rdma.mlx5: expected object, got number" },
	{ RESOURCES, "{'rdma':{'mlx5':{'hcaHandles':-1}}}",
	  "1:31: rdma.mlx5.hcaHandles: -1 is out of range (0 to 4294967295)" },
	{ RESOURCES, "{'unified':{'':'x'}}",
	  "1:16: unified[\"\"]: the key must not be empty" },
	{ RESOURCES, "{'unified':{'../memory.max':'x'}}",
	  "1:29: unified[\"../memory.max\"]: the key must be a file name" },
	{ RESOURCES, "{'unified':{'..':'x'}}",
	  "1:18: unified[\"..\"]: the key must be a file name" },
	{ RESOURCES, "{'unified':{'memory.max':5}}",
	  "1:26: unified[\"memory.max\"]: expected string, got number" },
	{ RESOURCES, "{'unified':[]}",
	  "1:12: unified: expected object, got array" },
	/* A seccomp profile */
	{ SECCOMP, "{}",
	  "1:1: defaultAction: required property is missing" },
	{ SECCOMP, "{'defaultAction':'ALLOW'}",
	  "1:18: defaultAction: unknown value \"ALLOW\" (known: SCMP_ACT_KILL_THREAD, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1}",
	  "1:53: defaultErrnoRet: given, but SCMP_ACT_ALLOW returns no errno" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':65536}",
	  "1:53: defaultErrnoRet: 65536 is out of range (0 to 65535)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_Z80']}",
	  "1:52: architectures[0]: unknown value \"SCMP_ARCH_Z80\" (known: SCMP_ARCH_X86, SCMP_ARCH_X86_64, SCMP_ARCH_X32, SCMP_ARCH_ARM, SCMP_ARCH_AARCH64, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PPC, SCMP_ARCH_PPC64, SCMP_ARCH_PPC64LE, SCMP_ARCH_S390, SCMP_ARCH_S390X, SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64, SCMP_ARCH_RISCV64, SCMP_ARCH_LOONGARCH64, SCMP_ARCH_M68K, SCMP_ARCH_SH, SCMP_ARCH_SHEB)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','architectures':'SCMP_ARCH_X86'}",
	  "1:51: architectures: expected array, got string" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_NEW_LISTENER']}",
	  "1:44: flags[0]: unknown value \"SECCOMP_FILTER_FLAG_NEW_LISTENER\" (known: SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'x'}",
	  "1:54: listenerMetadata: given without listenerPath" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'action':'SCMP_ACT_LOG'}]}",
	  "1:47: syscalls[0].names: required property is missing" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':[],'action':'SCMP_ACT_LOG'}]}",
	  "1:56: syscalls[0].names: must have at least one entry" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a']}]}",
	  "1:47: syscalls[0].action: required property is missing" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','errnoRet':1}]}",
	  "1:97: syscalls[0].errnoRet: given, but SCMP_ACT_LOG returns no errno" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_KILL','errnoRet':1}]}",
	  "1:98: syscalls[0].errnoRet: given, but SCMP_ACT_KILL_THREAD returns no errno" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':6,'value':0,'op':'SCMP_CMP_EQ'}]}]}",
	  "1:103: syscalls[0].args[0].index: 6 is out of range (0 to 5)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':-1,'op':'SCMP_CMP_EQ'}]}]}",
	  "1:113: syscalls[0].args[0].value: -1 is out of range (0 to 18446744073709551615)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'value':1,'op':'=='}]}]}",
	  "1:120: syscalls[0].args[0].op: unknown value \"==\" (known: SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT, SCMP_CMP_MASKED_EQ)" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'index':0,'op':'SCMP_CMP_EQ'}]}]}",
	  "1:94: syscalls[0].args[0].value: required property is missing" },
	{ SECCOMP, "{'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':[{'value':0,'op':'SCMP_CMP_EQ'}]}]}",
	  "1:94: syscalls[0].args[0].index: required property is missing" },
	/* A mounts array */
	{ MOUNTS, "{}",
	  "1:1: expected array, got object" },
	{ MOUNTS, "[{'destination':5}]",
	  "1:17: [0].destination: expected string, got number" },
	{ MOUNTS, "[{'destination':'/a'},\n {'source':'x'}]",
	  "2:2: [1].destination: required property is missing" },
	{ MOUNTS, "[{'destination':'/a','type':1}]",
	  "1:29: [0].type: expected string, got number" },
	{ MOUNTS, "[[]]",
	  "1:2: [0]: expected object, got array" },
};
/* clang-format on */

static void to_double_quotes(char *s)
{
	for (; *s; s++)
		if (*s == '\'')
			*s = '"';
}

/* The whole document, in memory of exactly its size, so that a sanitizer sees a read behind its end. */
static char *document(const struct refusal *r, size_t *ret_len)
{
	static const char *const before[] = {
		[IN_CONFIG] = "{'ociVersion':'1.3.0','root':{'path':'r'},\n",
		[IN_PROCESS] = "{'cwd':'/','args':['a'],\n",
		[IN_LINUX] = "{'ociVersion':'1.3.0','root':{'path':'r'},'linux':{\n",
	};
	static const char *const after[] = {
		[IN_CONFIG] = "}", [IN_PROCESS] = "}", [IN_LINUX] = "}}"};
	bool wrapped = r->kind >= IN_CONFIG;
	char text[2048], *copy;

	*ret_len = (size_t)snprintf(text, sizeof(text), "%s%s%s", wrapped ? before[r->kind] : "",
				    r->text, wrapped ? after[r->kind] : "");
	to_double_quotes(text);
	copy = malloc(*ret_len ? *ret_len : 1);
	if (!copy)
		bail("out of memory");
	return memcpy(copy, text, *ret_len);
}

static int parse(enum kind kind, const char *text, size_t len, struct oci_err *err)
{
	struct oci_config *config = NULL;
	struct oci_process *process = NULL;
	struct oci_resources *resources = NULL;
	struct oci_seccomp *seccomp = NULL;
	struct oci_mounts *mounts = NULL;
	int r = -1;

	switch (kind) {
	case CONFIG:
	case IN_CONFIG:
	case IN_LINUX:
		r = oci_config_parse(text, len, &config, err);
		break;
	case PROCESS:
	case IN_PROCESS:
		r = oci_process_parse(text, len, &process, err);
		break;
	case RESOURCES:
		r = oci_resources_parse(text, len, &resources, err);
		break;
	case SECCOMP:
		r = oci_seccomp_parse(text, len, &seccomp, err);
		break;
	case MOUNTS:
		r = oci_mounts_parse(text, len, &mounts, err);
		break;
	}
	oci_config_free(config);
	oci_process_free(process);
	oci_resources_free(resources);
	oci_seccomp_free(seccomp);
	oci_mounts_free(mounts);
	return r;
}

static void check_refusal(const struct refusal *row)
{
	struct oci_err err = {0};
	char got[1200], want[1200];
	size_t len;
	char *text = document(row, &len);
	int r = parse(row->kind, text, len, &err);

	snprintf(want, sizeof(want), ":%s", row->want);
	if (r == 0)
		ok(0, "refused: %s", row->text);
	else
		is_str(oci_err_format(&err, "", got, sizeof(got)), want, "%d %s", r, row->want);
	free(text);
}

struct seen {
	size_t n;
	char last[1200];
};

static void remember(void *arg, const struct oci_err *err)
{
	struct seen *seen = arg;

	seen->n++;
	oci_err_format(err, NULL, seen->last, sizeof(seen->last));
}

static void test_all_problems_are_listed(void)
{
	static const char text[] = "{\"cwd\":5,\"args\":[],\"terminal\":1,\"oomScoreAdj\":2000}";
	struct seen seen = {0};
	struct oci_parse_opts opts = {.problem = remember, .arg = &seen};
	struct oci_process *p = NULL;
	struct oci_err err;

	is_int(oci_process_parse_opts(text, strlen(text), &opts, &p, &err), -EINVAL,
	       "four problems: -EINVAL");
	is_int(seen.n, 4, "all four are reported");
	is_str(err.path, "cwd", "the error is the first");
	is_str(seen.last, "oomScoreAdj: 2000 is out of range (-1000 to 1000)", "the last one");
	is_int(oci_process_parse_opts(text, strlen(text), NULL, &p, NULL), -EINVAL,
	       "neither options nor error are needed");
}

static void test_problems_are_limited(void)
{
	char text[4096] = "[0";
	struct seen seen = {0};
	struct oci_parse_opts opts = {.problem = remember, .arg = &seen};
	struct oci_mounts *m = NULL;
	struct oci_err err;
	size_t len = 2;

	for (int i = 1; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, ",0");
	text[len++] = ']';
	is_int(oci_mounts_parse_opts(text, len, &opts, &m, &err), -EINVAL, "200 problems: -EINVAL");
	is_int(seen.n, 64, "64 are reported");
}

static void test_long_and_hostile_paths(void)
{
	char text[1200], path[300];
	struct oci_err err;
	struct oci_config *c = NULL;

	memset(path, 'k', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text),
		 "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"annotations\":{\"a\\nb%s\":"
		 "1}}",
		 path);
	is_int(oci_config_parse(text, strlen(text), &c, &err), -EINVAL, "a number as annotation");
	ok(strncmp(err.path, "annotations[\"a?bkkk", 18) == 0 && strlen(err.path) < 100 &&
		   strstr(err.path, "...\"]"),
	   "the key is cut and shown without its newline: %s", err.path);
}

static void test_syntax_error_is_reported_too(void)
{
	struct seen seen = {0};
	struct oci_parse_opts opts = {.problem = remember, .arg = &seen};
	struct oci_config *c = NULL;
	struct oci_err err = {0};
	char text[1200];

	is_int(oci_config_parse_opts("{", 1, &opts, &c, &err), -EINVAL, "half a document");
	is_int(seen.n, 1, "one problem");
	is_str(seen.last, "parse error: premature EOF", "the problem, without a position");
	is_str(oci_err_format(&err, "config.json", text, sizeof(text)),
	       "config.json:1:2: parse error: premature EOF", "the error, with file and position");
	err = (struct oci_err){.msg = "gone"};
	is_str(oci_err_format(&err, "f", text, sizeof(text)), "f: gone",
	       "an error without a position");
	is_str(oci_err_format(&err, "f", text, 4), "f: ", "cut to the room");
}

int main(void)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		check_refusal(&refusals[i]);
	test_syntax_error_is_reported_too();
	test_all_problems_are_listed();
	test_problems_are_limited();
	test_long_and_hostile_paths();
	return tap_done();
}
