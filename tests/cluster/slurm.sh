#!/usr/bin/env bash
# A real Slurm of one node, on loopback: `slurm.sh up FOLDER`, `slurm.sh down FOLDER`. Needs root.
# Two partitions and two GPUs, which are device files and no more. More CPUs than there are, so that
# jobs run side by side; no accounts, no cgroups (so memory is counted, but not enforced).
set -euo pipefail
folder=$2

install_packages() {
    if ! type slurmctld slurmd munged >/dev/null 2>&1; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends slurmctld slurmd slurm-client munge >/dev/null
    fi
}

start_munge() {
    if munge -n 2>/dev/null | unmunge >/dev/null 2>&1; then return; fi
    if [ ! -s /etc/munge/munge.key ]; then
        (umask 077 && head -c 1024 /dev/urandom >/etc/munge/munge.key)
        chown munge: /etc/munge/munge.key
    fi
    install -d -o munge -g munge -m 755 /run/munge
    runuser -u munge -- munged
    cp /run/munge/munged.pid "$folder/munged.pid"
}

# Jobs find the configuration in /etc/slurm: the variable SLURM_CONF does not reach inner steps.
configure() {
    local node memory
    node=$(hostname -s)
    memory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
    mkdir -p "$folder"/{state,spool} /etc/slurm
    mknod "$folder/gpu0" c 1 3
    mknod "$folder/gpu1" c 1 3
    cat >/etc/slurm/slurm.conf <<CONF
ClusterName=mirrortest
SlurmctldHost=$node(127.0.0.1)
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=2
MinJobAge=3600
KillWait=2
ReturnToService=2
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=16 RealMemory=$((memory * 4)) Gres=gpu:2
PartitionName=cpu Nodes=$node Default=YES
PartitionName=gpu Nodes=$node
CONF
    echo "NodeName=$node Name=gpu File=$folder/gpu[0-1]" >/etc/slurm/gres.conf
    echo "CgroupAutomount=no" >/etc/slurm/cgroup.conf
    touch "$folder/configured"
}

wait_until_idle() {
    for _ in $(seq 60); do
        if [ "$(sinfo --noheader --format=%T --partition=gpu 2>/dev/null)" = idle ]; then return; fi
        sleep 0.5
    done
    tail -n 20 "$folder"/*.log >&2
    return 1
}

end() {
    if [ ! -s "$1" ]; then return; fi
    local process
    process=$(cat "$1")
    kill "$process" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$process"
}

case $1 in
up)
    if grep -qs "^ClusterName=mirrortest$" /etc/slurm/slurm.conf; then # a killed run left it
        "$0" down "$(sed -n "s|^SlurmctldPidFile=\(.*\)/slurmctld.pid$|\1|p" /etc/slurm/slurm.conf)"
    fi
    if [ -e /etc/slurm/slurm.conf ]; then
        echo "this machine has a Slurm of its own: /etc/slurm/slurm.conf" >&2
        exit 1
    fi
    mkdir -p "$folder"
    install_packages
    start_munge
    configure
    slurmctld -c
    slurmd
    wait_until_idle
    ;;
down)
    scancel --user=root 2>/dev/null || true
    end "$folder/slurmd.pid"
    end "$folder/slurmctld.pid"
    end "$folder/munged.pid"
    if [ -e "$folder/configured" ]; then rm -f /etc/slurm/{slurm,gres,cgroup}.conf; fi
    ;;
esac
