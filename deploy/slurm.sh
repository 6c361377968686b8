#!/bin/bash
# Fetches with eight tasks. Slurm takes a script, not YAML, and its options from the comments below:
#   sbatch deploy/slurm.sh
# abid-etl has to be on the PATH, as sbatch passes it on. All that can be set is set by variables:
#   ABID_SOURCE   what to fetch, if not the public bucket
#   ABID_WORKERS  a folder that all nodes see, if not `workers` here; each task has a data directory of its own in it
#   ABID_RAW      s3://bucket/prefix, if the raw layer is to be in a bucket
#   ABID_SHARDS   how many shares there are, if not one a task: `ABID_SHARDS=8 sbatch --array=3,5 deploy/slurm.sh`
#                 repeats two of eight
#SBATCH --job-name=abid-fetch
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --mem=1G
#SBATCH --time=02:00:00
#SBATCH --output=abid-fetch-%A_%a.log
#SBATCH --open-mode=append
# A task that comes again gets only what isn't held.
#SBATCH --requeue
# A minute before the time is over; the fetch writes the shard that it has begun.
#SBATCH --signal=B:TERM@60
set -eu
export ABID_LOG_FORMAT=json
share=$SLURM_ARRAY_TASK_ID/${ABID_SHARDS:-$SLURM_ARRAY_TASK_COUNT}
# exec, or bash would keep SIGTERM to itself
exec abid-etl fetch "${ABID_SOURCE:-s3://aft-vbi-pds}" --shard "$share" \
  --data-dir "${ABID_WORKERS:-workers}/$SLURM_ARRAY_TASK_ID"
