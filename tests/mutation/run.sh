# Runs a sample of mutants in a copy of the checkout: run.sh BIN FOLDER PACKAGE [options of sample.py].
# BIN has the project's python; FOLDER holds `venv` with cosmic-ray; PACKAGE is what is mutated, in
# FOLDER/PACKAGE/copy, so that two packages can be run at once.
set -eu
project=$1
tools=$2/venv/bin
package=$3
folder=$2/$package
shift 3

cd "$folder/copy"
config=tests/mutation/$package.toml
session=$folder/session.sqlite
# The project is installed from the checkout; the copy has to come before it.
export PATH="$project:$PATH" PYTHONPATH="$PWD/schemas:$PWD/projections:$PWD/services"
export PYTHONDONTWRITEBYTECODE=1
case $(python -c "import tollbook_$package as found; print(found.__file__)") in
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
