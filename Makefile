# The commands of the project; each does its own set-up first. Paths are relative, so that the
# folder may have spaces and Hangul in its name.

# Given on the command line only: HOST and PORT in the environment often mean something else.
HOST =
PORT =

python = .venv/bin/python

.DEFAULT_GOAL = help
.PHONY: help run test test-all bench train-setup lock format

help: ## 이 목록 / this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile
	@echo
	@echo 'TORCH_INDEX=https://download.pytorch.org/whl/cpu   GPU 없는 리눅스에서 훨씬 작게 설치 / a much smaller set-up on Linux without a GPU'

run: ## 페이지 열기 [PORT=7860] [HOST=127.0.0.1] / the page
	@sh scripts/setup.sh requirements.txt
	@exec $(python) -m app $(if $(HOST),--host "$(HOST)") $(if $(PORT),--port "$(PORT)")

test: ## 검사와 시험 [BROWSER=none] / lint, types, unit and browser tests
	@sh scripts/test.sh 'not long'

test-all: ## 오래 걸리는 시험까지 / the long ones as well
	@sh scripts/test.sh ''

bench: ## README의 수치 / the figures of the README
	@sh scripts/setup.sh requirements.txt
	@exec $(python) -m bench

train-setup: ## 학습에 필요한 것 설치 / what training needs on top
	@sh scripts/setup.sh requirements-train.txt

lock: ## requirements*.in -> requirements*.txt
	@sh scripts/setup.sh requirements-test.txt
	@$(python) scripts/lock.py

format: ## 코드 모양 고치기 / format the code and mend what the linter can
	@sh scripts/setup.sh requirements-test.txt
	@$(python) -m ruff check --fix .
	@$(python) -m ruff format .
