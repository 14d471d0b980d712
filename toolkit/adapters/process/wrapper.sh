# Holds one step:
# `sh -c <this> gitops-step FOLDER BOOT CWD FSTAB MOUNT TEE RETRIES WAIT GROUPS DATA FILES COMMAND...`
# Given: stdin /dev/null, stdout and stderr the log (append), fd 9 the claim's record (append),
# which is locked as long as it is open. Started in a session of its own. FSTAB, TEE: "" where there
# is nothing to mount or to capture. A command that fails is run again, RETRIES times, WAIT seconds
# after each failure. GROUPS: the files of control groups that the command enters; DATA, FILES: its
# limits as ulimit takes them, or "".
# Only builtins but for mount, tee and the command: a step costs little more than its own process.
folder=$1 boot=$2 cwd=$3 fstab=$4 mount=$5 tee=$6 retries=$7 wait=$8 groups=$9 data=${10} files=${11}
shift 11

# Our own messages ("Terminated") are not the step's output.
exec 3>&2 2>/dev/null

# Who started us adds when we were born: reading that here costs more than all the rest.
echo "pid $$ - $boot -" >&9

# A stop signals the whole group. The command meets the signal with its default; we live on to
# write how it ended.
trap : TERM INT HUP

fail() { echo "$1" >"$folder/failed"; exit 0; }

[ -e "$folder/stop" ] && exit 0
if [ -n "$fstab" ]; then
    "$mount" -n -a -T "$fstab" 2>"$folder/mount.err" 9>&- || fail "its private folders could not be mounted"
fi
cd "$cwd" || fail "its working folder $cwd cannot be entered"
unset OLDPWD

# Ends what the command left behind, so that tee sees the end of its input. All processes of our
# session, but this shell, the subshell we are in, and our own child: tee.
end_leftovers() {
    read -r stat </proc/self/stat
    self=${stat%% *}
    for process in /proc/[0-9]*; do
        { read -r stat <"$process/stat"; } || continue
        pid=${stat%% *}
        set -- ${stat##*) }
        if [ "$4" = "$$" ] && [ "$2" != "$$" ] && [ "$pid" != "$$" ] && [ "$pid" != "$self" ]; then
            kill -KILL "$pid"
        fi
    done
}

# The command, in place of a subshell. Race: a stop is noted in a file, then signalled. A signal
# that comes before the trap is reset is lost on the subshell, but then the note is there already.
run() (
    trap - TERM INT HUP
    [ -e "$folder/stop" ] && exit 143
    for group in $groups; do echo 0 >"$group" || exit 126; done
    [ -z "$data" ] || ulimit -d "$data" || exit 126
    [ -z "$files" ] || ulimit -f "$files" || exit 126
    exec "$@" 2>&3 3>&- 9>&-
)

try() {
    run "$@"
    code=$?
    while [ "$code" != 0 ] && [ "$retries" != 0 ] && [ ! -e "$folder/stop" ]; do
        retries=$((retries - 1))
        sleep "$wait" 3>&- 9>&-
        run "$@"
        code=$?
    done
}

if [ -n "$tee" ]; then
    {
        trap : TERM INT HUP
        try "$@"
        echo "$code" >"$folder/code"
        end_leftovers
    } | { trap '' TERM INT HUP; exec "$tee" "$folder/stdout" 3>&- 9>&-; }
    # None: what held the command was killed before it could write it, by a stop that came before
    # its trap, say. Nothing written here means the same: the note of the stop decides.
    read -r code <"$folder/code" || exit 0
else
    try "$@"
fi
# One write of a few bytes with the line end last: without it there is no exit code yet.
echo "exit $code" >&9
