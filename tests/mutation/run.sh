# Runs a sample of mutants in a copy of the checkout: run.sh BIN FOLDER [options of sample.py].
# BIN has the project's python; FOLDER holds `venv` with cosmic-ray and `copy`, which is mutated.
set -eu
project=$1
folder=$2
shift 2

cd "$folder/copy"
config=tests/mutation/cosmic-ray.toml
session=$folder/session.sqlite
tools=$folder/venv/bin
# The project is installed from the checkout; the copy has to come before it.
export PATH="$project:$PATH" PYTHONPATH="$PWD/schemas:$PWD/projections:$PWD/services"
export PYTHONDONTWRITEBYTECODE=1
case $(python -c 'import tollbook_projections as found; print(found.__file__)') in
  "$PWD"/*) ;;
  *) echo "the tests would not import the copy in $PWD" >&2; exit 1 ;;
esac

rm -f "$session"
"$tools/cosmic-ray" init "$config" "$session"
"$tools/cr-filter-operators" "$session" "$config"
"$tools/python" tests/mutation/sample.py "$session" "$@"
"$tools/cosmic-ray" baseline "$config"
nice "$tools/cosmic-ray" exec "$config" "$session"
"$tools/python" tests/mutation/report.py "$session" | tee "$folder/report.txt"
