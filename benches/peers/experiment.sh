#!/usr/bin/env bash
# The paper's grid on pixels, hessia beside PyTorch, on this machine.
#   benches/peers/experiment.sh speed [--dataset mnist] [--quick]   one timing run, benches/results/experiment-speed.json
#   benches/peers/experiment.sh agreement [FOLDER]                  both grids with five seeds, Welch's t of every shape
# HESSIA_DATA names a folder with 10,000 images of each set: mnist, fashion-mnist, cifar10, cifar100. FOLDER keeps the
# runs; started again, it goes on. The agreement takes about an hour on two cores, nearly all of it PyTorch's.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
. "$here/environment.sh"
python=$environment/bin/python
driver=$(built experiment)
data=${HESSIA_DATA:-$root/data}
command=${1:?speed or agreement}
shift

if [ "$command" = speed ]; then
    exec "$python" "$here/experiment.py" speed --driver "$driver" --data "$data" "$@"
fi
folder=${1:-$root/out/experiment}
mkdir -p "$folder/ours" "$folder/torch"
seeds=1,2,3,4,5 widths=4,8,16,32,64 inner=1,3,5,7,10
for name in mnist fashion-mnist cifar10 cifar100; do
    HESSIA_DATA=$data "$driver" "$name" 10000 $seeds $widths $inner "$(nproc)" "$folder/ours/$name-pixels" >&2
    OMP_NUM_THREADS=1 "$python" "$here/experiment_torch.py" "$name" "$data" 10000 $seeds $widths $inner 1 \
        "$folder/torch/$name.jsonl" >&2
done
exec "$python" "$here/experiment.py" agreement "$folder/ours" "$folder/torch"
